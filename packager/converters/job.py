"""One job from request.json to result.json: the one border where foreign exceptions become ours."""

import sys
import traceback
import warnings
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.converters.detection import detect
from packager.converters.failure import ConversionError, SamplesError, WorkerError, translated
from packager.converters.files import write_json
from packager.converters.frameworks import converter_for
from packager.converters.request import SCHEMA_VERSION, Request, read_request

if TYPE_CHECKING:
    from packager.converters.source import Source, Written

_TRANSLATIONS = {
    "tflite": "packager.converters.tflite.translation",
    "tiny": "packager.converters.tiny.translation",
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
    if request.action == "describe":  # asked of every file first: it imports no more than it needs
        from packager.converters import contents

        found = asdict(contents.describe(request.source, request.allow))
        return {"schema_version": SCHEMA_VERSION, "ok": True, "contents": found}
    if request.action == "translate":
        return {"schema_version": SCHEMA_VERSION, "ok": True, **_translated(request, job)}
    if request.action in ("optimize", "sensitivity"):
        from packager.converters.passes import running

        act = running.optimized if request.action == "optimize" else running.ranked
        return {"schema_version": SCHEMA_VERSION, "ok": True, **act(request, job)}
    detected = detect(request.source)
    source = converter_for(detected.framework).open_source(request)
    if request.samples is not None and not request.samples.exists():
        raise SamplesError(f"There is no samples file {request.samples.name}", hint="check the path")
    document = _inspected(source)
    return document if request.action == "inspect" else {**document, **_converted(source, request, job)}


def _inspected(source: "Source") -> dict[str, Any]:
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
            "files": [list(file) for file in about.files],
        },
        "signature": source.signature.document(),
        "notes": list(source.notes),
    }


def _converted(source: "Source", request: Request, job: Path) -> dict[str, Any]:
    from packager.converters import versions
    from packager.converters.evaluation import write_evaluation
    from packager.converters.reference import write_reference
    from packager.converters.sampled import read_sampled
    from packager.converters.warned import listening

    model = f"model.{request.format}"
    with listening() as heard:
        written = source.write(job / model)
    source = written.source or source
    sampled = read_sampled(request, source.signature)
    proof = write_reference(source, request, sampled, job / _REFERENCE)
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
        "evaluation": write_evaluation(source, request, sampled, job),
        "applied": _applied(request, written),
        "record": {**versions.running(), "warnings": heard.document()},
    }


def _applied(request: Request, written: "Written") -> list[dict[str, Any]]:
    """What was done to the source before it was written."""
    if len(written.applied) != len(request.passes):
        kinds = ", ".join(options["kind"] for options in request.passes)
        raise ConversionError(
            f"Nothing in {request.source.name} can be changed by {kinds} before it is converted"
        )
    return [
        {"kind": options["kind"], **asdict(applied)}
        for options, applied in zip(request.passes, written.applied, strict=True)
    ]


def _translated(request: Request, job: Path) -> dict[str, Any]:
    """Another format of what another job wrote; it is held to the same answers of the source."""
    from packager.converters import versions
    from packager.converters.warned import listening

    with listening() as heard:
        document: dict[str, Any] = import_module(_TRANSLATIONS[request.format]).translate(request, job)
    return {**document, "record": {**versions.running(), "warnings": heard.document()}}
