"""The action `translate`: an ONNX model that another job wrote as TFLite, held to the same answers.

Models of tables (trees, linear models, scalers, encoders) and small networks are lowered operator by
operator, and keep their free batch; other networks go through onnx2tf, in an environment of its own.
"""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, SamplesError, WorkerError
from packager.converters.files import write_bytes, write_json
from packager.converters.request import Request
from packager.converters.signature import BATCH, Signature, TensorSpec, read_document
from packager.converters.tflite.cases import Case, fitted, refitted
from packager.converters.tflite.from_onnx import Network, write_network
from packager.converters.tflite.lowering.graph import lower, single
from packager.converters.tflite.lowering.kit import UncoveredError
from packager.converters.tflite.proof import prove

_MODEL, _REFERENCE = "model.tflite", "reference.json"
_BUILD_ONNX = "build ONNX: leave out --format tflite"
_ENVIRONMENT = "onnx2tf"
_LOWERING = "packager's own"
_SINGLE = "TFLite computes in single precision: inputs that ONNX takes as doubles are float32 here"
_SLOWER = "trees run slower in TFLite than in ONNX"


def translate(request: Request, job: Path) -> dict[str, Any]:
    import onnx

    if request.converted is None:
        raise ConversionError("A translation needs the folder of the job that wrote the ONNX model")
    before = json.loads((request.converted / "result.json").read_text(encoding="utf-8"))
    cases = json.loads((request.converted / _REFERENCE).read_text(encoding="utf-8"))["cases"]
    signature = read_document(before["signature"])
    _refuse_text(signature)
    model, dest = onnx.load(request.source), job / _MODEL
    made = _lowered(model, signature, cases, dest)
    if made is None:
        if before["reference"]["source_of_rows"] != "samples":
            _refuse_unknown_sizes(signature)
        made = write_network(request.source, model, signature, cases, dest)
    write_json(job / _REFERENCE, {"schema_version": 1, "cases": made.cases})
    return {
        "signature": made.signature.document(),
        "notes": made.notes,
        "model": {"path": _MODEL, "format": "tflite", "opset": None, "converter": made.converter},
        "reference": {
            "path": _REFERENCE,
            "rows": before["reference"]["rows"],
            "source_of_rows": before["reference"]["source_of_rows"],
        },
        "evaluation": _evaluation(before, request.converted, signature, made.signature, job),
    }


def _evaluation(
    before: dict[str, Any], converted: Path, signature: Signature, made: Signature, job: Path
) -> dict[str, Any] | None:
    """The same rows and labels under the new signature; all have one size, which is the file's."""
    said: dict[str, Any] | None = before.get("evaluation")
    for name in (said["path"], said["calibration_path"]) if said else ():
        if name is not None:
            document = json.loads((converted / name).read_text(encoding="utf-8"))
            document["cases"] = refitted(document["cases"], signature, made)
            write_json(job / name, document)
    return said


def _refuse_text(signature: Signature) -> None:
    texts = [spec.name for spec in signature.inputs if spec.dtype == "string"]
    if texts:
        raise ConversionError(
            f"The model takes text ({', '.join(texts[:5])}), and text columns cannot be in TFLite",
            hint=_BUILD_ONNX,
        )


def _lowered(model: Any, signature: Signature, cases: list[Case], dest: Path) -> Network | None:
    """None: it is a network for onnx2tf, which is in this environment."""
    try:
        data = lower(model, signature)
    except UncoveredError as error:
        _refuse_tables(model, signature, error)
        return None
    write_bytes(dest, data)
    made = narrowed(signature)
    held = fitted(cases, signature, made)
    prove(dest, made, held)
    return Network(made, held, _LOWERING, _notes(model, signature))


def _notes(model: Any, signature: Signature) -> list[str]:
    doubles = any(spec.dtype == "float64" for spec in signature.inputs)
    trees = any(node.op_type.startswith("TreeEnsemble") for node in model.graph.node)
    return [*([_SINGLE] if doubles else []), *([_SLOWER] if trees else [])]


def _refuse_tables(model: Any, signature: Signature, error: UncoveredError) -> None:
    """What no converter writes; and without onnx2tf, what is for its environment."""
    if signature.features or any(node.domain not in ("", "ai.onnx") for node in model.graph.node):
        raise ConversionError(
            f"There is no way to write this model as TFLite: {error} has no operators there", hint=_BUILD_ONNX
        ) from error
    if find_spec("onnx2tf") is None:
        raise WorkerError(
            f"{error} is for onnx2tf, which this environment has not", _BUILD_ONNX, environment=_ENVIRONMENT
        ) from error


def _refuse_unknown_sizes(signature: Signature) -> None:
    dims = {dim for spec in signature.inputs for dim in spec.shape if isinstance(dim, str)} - {BATCH}
    if dims:
        raise SamplesError(
            f"TFLite keeps every size but the batch, and the model leaves {', '.join(sorted(dims))} free",
            hint="add rows of the size that will be asked for: --samples rows.npz",
        )


def narrowed(signature: Signature) -> Signature:
    """The signature in types that TFLite has; labels that are texts become places among the class labels."""
    texts = any(spec.dtype == "string" for spec in signature.outputs)
    return replace(
        signature,
        inputs=tuple(replace(spec, dtype=single(spec.dtype)) for spec in signature.inputs),
        outputs=tuple(_output(spec) for spec in signature.outputs),
        label_is_index=signature.label_is_index or texts,
    )


def _output(spec: TensorSpec) -> TensorSpec:
    if spec.dtype == "string" and spec.role != "label":
        raise ConversionError(f"The output {spec.name} is text, which cannot be in TFLite", hint=_BUILD_ONNX)
    return replace(spec, dtype="int64" if spec.dtype == "string" else single(spec.dtype))
