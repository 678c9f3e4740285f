"""The action `translate`: an ONNX model that another job wrote as TFLite, held to the same answers.

Models of tables (trees, linear models, scalers, encoders) and small networks are lowered operator by
operator, and keep their free batch; other networks go through onnx2tf, in an environment of its own.
"""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, WorkerError
from packager.converters.files import write_bytes, write_json
from packager.converters.request import Request
from packager.converters.signature import NUMPY_TYPES, Signature, TensorSpec, read_document
from packager.converters.tensors import array_of, tensor_document
from packager.converters.tflite.lowering.graph import lower, single, uncovered
from packager.converters.tflite.lowering.kit import UncoveredError
from packager.converters.tflite.proof import prove

_MODEL, _REFERENCE = "model.tflite", "reference.json"
_BUILD_ONNX = "build ONNX: leave out --format tflite"
_ENVIRONMENT = "onnx2tf"
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
    model = onnx.load(request.source)
    made, converter, notes = _written(model, signature, request, job)
    cases = [_case(case, signature, made) for case in cases]
    prove(job / _MODEL, made, cases)
    write_json(job / _REFERENCE, {"schema_version": 1, "cases": cases})
    return {
        "signature": made.document(),
        "notes": notes,
        "model": {"path": _MODEL, "format": "tflite", "opset": None, "converter": converter},
        "reference": {
            "path": _REFERENCE,
            "rows": before["reference"]["rows"],
            "source_of_rows": before["reference"]["source_of_rows"],
        },
    }


def _refuse_text(signature: Signature) -> None:
    texts = [spec.name for spec in signature.inputs if spec.dtype == "string"]
    if texts:
        raise ConversionError(
            f"The model takes text ({', '.join(texts[:5])}), and text columns cannot be in TFLite",
            hint=_BUILD_ONNX,
        )


def _written(
    model: Any, signature: Signature, request: Request, job: Path
) -> tuple[Signature, str, list[str]]:
    try:
        data = lower(model, signature)
    except UncoveredError as error:
        return _by_onnx2tf(model, signature, request, job, error)
    write_bytes(job / _MODEL, data)
    notes = [_SINGLE] if any(single(spec.dtype) != spec.dtype for spec in signature.inputs) else []
    trees = any(node.op_type.startswith("TreeEnsemble") for node in model.graph.node)
    return narrowed(signature), "packager's lowering", [*notes, *([_SLOWER] if trees else [])]


def _by_onnx2tf(
    model: Any, signature: Signature, request: Request, job: Path, error: UncoveredError
) -> tuple[Signature, str, list[str]]:
    kinds = uncovered(model)
    if any(node.domain for node in model.graph.node):
        named = f"{error} cannot be in TFLite" + (f" (also {', '.join(kinds)})" if len(kinds) > 1 else "")
        raise ConversionError(f"{named}: there is no way to write it", hint=_BUILD_ONNX) from error
    if find_spec("onnx2tf") is None:
        raise WorkerError(
            f"{error} needs onnx2tf, which is not in this environment",
            hint=_BUILD_ONNX,
            environment=_ENVIRONMENT,
        ) from error
    from packager.converters.tflite.from_onnx import write_network

    return write_network(request.source, signature, job / _MODEL)


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


def _case(case: dict[str, Any], before: Signature, after: Signature) -> dict[str, Any]:
    """The same rows and answers in the new types; a text becomes its place."""
    places = {str(label): at for at, label in enumerate(before.class_labels)}

    def tensors(kind: str, specs: tuple[TensorSpec, ...]) -> dict[str, Any]:
        made = {}
        for spec in specs:
            array = array_of(case[kind][spec.name])
            if array.dtype == object:
                array = np.array([places[text] for text in array.reshape(-1)]).reshape(array.shape)
            made[spec.name] = tensor_document(array.astype(NUMPY_TYPES[spec.dtype]))
        return made

    return {"inputs": tensors("inputs", after.inputs), "outputs": tensors("outputs", after.outputs)}
