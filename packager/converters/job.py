"""One job from request.json to result.json: the one border where foreign exceptions become ours."""

import platform
import sys
import traceback
import warnings
from dataclasses import asdict
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from packager.converters import contents
from packager.converters.detection import detect
from packager.converters.failure import ConversionError, SamplesError, WorkerError, translated
from packager.converters.files import write_json
from packager.converters.frameworks import converter_for
from packager.converters.reference import write_reference
from packager.converters.request import SCHEMA_VERSION, Request, read_request
from packager.converters.source import Source
from packager.converters.warned import listening

_TRANSLATION = "packager.converters.tflite.translation"
# The distributions whose versions decide what comes out, by the module that shows that they were used.
_TOLD = {
    "numpy": "numpy",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "sklearn": "scikit-learn",
    "skl2onnx": "skl2onnx",
    "skops": "skops",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "onnxmltools": "onnxmltools",
    "torch": "torch",
    "onnxscript": "onnxscript",
    "keras": "keras",
    "tensorflow": "tensorflow",
    "tf_keras": "tf-keras",
    "tf2onnx": "tf2onnx",
    "litert_torch": "litert-torch",
    "ai_edge_litert": "ai-edge-litert",
    "onnx2tf": "onnx2tf",
}
_REFERENCE = "reference.json"
_HINT = "convert the model to ONNX yourself and build from that, or report the log below"


def run(job: Path) -> int:
    """Writes result.json last and by rename; 0 if the job succeeded, 1 if it failed as it should."""
    try:
        with warnings.catch_warnings(), translated(ConversionError, "The model cannot be converted", _HINT):
            # Each converter looks at the warnings that matter; the others tell the user nothing.
            warnings.simplefilter("ignore")
            document = _do(read_request(job / "request.json"), job)
    except WorkerError as error:
        if error.__cause__ is not None:  # a library's own words, in full
            traceback.print_exc(file=sys.stderr)
        document = _failure(error)
    write_json(job / "result.json", document)
    return 0 if document["ok"] else 1


def _failure(error: WorkerError) -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "ok": False, "error": error.document()}


def _do(request: Request, job: Path) -> dict[str, Any]:
    if request.action == "describe":
        found = asdict(contents.describe(request.source))
        return {"schema_version": SCHEMA_VERSION, "ok": True, "contents": found}
    if request.action == "translate":
        return {"schema_version": SCHEMA_VERSION, "ok": True, **_translated(request, job)}
    detected = detect(request.source)
    source = converter_for(detected.framework).open_source(request)
    if request.samples is not None and not request.samples.exists():
        raise SamplesError(f"There is no samples file {request.samples.name}", hint="check the path")
    document = _inspected(source)
    return document if request.action == "inspect" else {**document, **_converted(source, request, job)}


def _inspected(source: Source) -> dict[str, Any]:
    about = source.about
    return {
        "schema_version": SCHEMA_VERSION,
        "ok": True,
        "source": {
            "framework": about.framework,
            "framework_version": about.framework_version,
            "written_by": about.written_by,
            "description": about.description,
            "loads": list(about.loads),
        },
        "signature": source.signature.document(),
        "notes": list(source.notes),
    }


def _converted(source: Source, request: Request, job: Path) -> dict[str, Any]:
    model = f"model.{request.format}"
    with listening() as heard:
        written = source.write(job / model)
    source = written.source or source
    proof = write_reference(source, request, job / _REFERENCE)
    return {
        "signature": source.signature.document(),
        "notes": [*source.notes, *proof.notes],
        "model": {
            "path": model,
            "format": request.format,
            "opset": written.opset,
            "converter": written.converter,
        },
        "reference": {"path": _REFERENCE, "rows": proof.rows, "source_of_rows": proof.source_of_rows},
        "accuracy": proof.accuracy,
        "record": {**_environment(), "warnings": heard.document()},
    }


def _translated(request: Request, job: Path) -> dict[str, Any]:
    """Another format of what another job wrote; it is held to the same answers of the source."""
    with listening() as heard:
        document: dict[str, Any] = import_module(_TRANSLATION).translate(request, job)
    return {**document, "record": {**_environment(), "warnings": heard.document()}}


def _environment() -> dict[str, Any]:
    """What the conversion ran with."""
    packages = {}
    for module, distribution in _TOLD.items():
        if module in sys.modules:
            try:
                packages[distribution] = metadata.version(distribution)
            except metadata.PackageNotFoundError:  # the same module from a distribution of another name
                packages[distribution] = str(getattr(sys.modules[module], "__version__", "unknown"))
    return {"python": platform.python_version(), "packages": packages}
