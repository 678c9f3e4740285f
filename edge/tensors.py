"""Whole tensors as Python has them to the runtime's own, and the runtime's to memory views."""

from __future__ import annotations

from runtimes.core.errors import RequestError
from runtimes.core.nested import KIND_OF_DTYPE, MisfitError, nest, pack_nested
from runtimes.core.tensors import DTYPES, Tensor, from_buffer, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtimes.core.signature import Signature, TensorSpec


def read_inputs(inputs: object, signature: Signature) -> dict[str, object]:
    """Each input as a tensor; the predictor checks their names, dtypes and shapes."""
    if not isinstance(inputs, dict):
        names = ", ".join([spec.name for spec in signature.inputs])
        raise RequestError(f"inputs must be a dict of tensors by name ({names}), not {type(inputs).__name__}")
    specs = {spec.name: spec for spec in signature.inputs}
    return {
        str(name): _read(value, specs[name]) if name in specs else value for name, value in inputs.items()
    }


def write_output(tensor: Tensor) -> object:
    """The tensor in its shape."""
    data = tensor.data
    if isinstance(data, list):
        return nest(list(data), tensor.shape)
    code = DTYPES[tensor.dtype][0]
    if code == "e":  # a memory view reads no half precision before Python 3.12
        import struct
        from array import array

        raw = tensor.to_bytes()
        data, code = array("f", struct.unpack(f"<{len(raw) // 2}e", raw)), "f"
    flat = memoryview(data).cast("B")
    if not size_of(tensor.shape):
        return flat.cast(code)  # type: ignore[call-overload]
    return flat.cast(code, tensor.shape)  # type: ignore[call-overload]


def count_outputs(outputs: dict[str, Tensor]) -> int:
    """How many rows the outputs of a run have."""
    return next((tensor.shape[0] for tensor in outputs.values() if tensor.shape), 1)


def _read(value: object, spec: TensorSpec) -> Tensor:
    field = f"inputs.{spec.name}"
    if isinstance(value, Tensor):
        return value
    if hasattr(value, "mask"):  # what is masked has a value in memory like any other
        message = f"{field} is a masked array: fill what is masked, or give predict the rows"
        raise RequestError(message, field=field)
    if not isinstance(value, (list, tuple)):
        if spec.dtype != "string":
            return from_buffer(value, field)
        value = value.tolist() if hasattr(value, "tolist") else value
    try:
        kind = KIND_OF_DTYPE.get(spec.dtype, "integer")
        data, shape = pack_nested(value, len(spec.shape), spec.dtype, kind)
    except MisfitError as misfit:
        place = field + "".join([f"[{index}]" for index in misfit.position])
        raise RequestError(f"{place} {misfit.reason}", field=place) from None
    return Tensor(spec.dtype, shape, data)
