"""Example requests for the documentation, made from the model's signature."""

from __future__ import annotations

from typing import Any

from runtimes.core.signature import Signature, TensorSpec

_VALUES = {"number": 0.5, "integer": 1, "boolean": True, "text": "a"}
_V2_DTYPES = {"float16": "FP16", "float32": "FP32", "float64": "FP64", "bool": "BOOL", "string": "BYTES"}


def example_row(signature: Signature) -> object:
    """A row that the model takes: by feature name, or the tensors' values by input name."""
    if signature.features:
        return {feature.name: _VALUES[feature.kind] for feature in signature.features}
    values = {spec.name: _example_tensor(spec.dtype, spec.shape[1:]) for spec in signature.inputs}
    return next(iter(values.values())) if len(values) == 1 else values


def example_infer(signature: Signature) -> dict[str, Any]:
    """A protocol request with one row."""
    return {"inputs": [_example_input(spec) for spec in signature.inputs]}


def v2_dtype(dtype: str) -> str:
    """The protocol's name of a dtype."""
    return _V2_DTYPES.get(dtype, dtype.upper())


def json_kind(dtype: str) -> str:
    """What a tensor of this dtype takes, in the words of the signature's features."""
    return {"bool": "boolean", "string": "text"}.get(dtype, "number" if "float" in dtype else "integer")


def _example_tensor(dtype: str, shape: tuple[int | str, ...]) -> object:
    value: object = _VALUES[json_kind(dtype)]
    for size in reversed(shape):
        value = [value] * (size if isinstance(size, int) else 1)
    return value


def _example_input(spec: TensorSpec) -> dict[str, Any]:
    shape = [size if isinstance(size, int) else 1 for size in spec.shape]
    flat = [_example_tensor(spec.dtype, ())]
    for size in shape:
        flat = flat * size
    return {"name": spec.name, "shape": shape, "datatype": v2_dtype(spec.dtype), "data": flat}
