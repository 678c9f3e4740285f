"""Do these tensors fit the signature: names, dtypes, sizes, and one size for each free dimension."""

from __future__ import annotations

from runtimes.core.errors import RequestError
from runtimes.core.signature import Signature, TensorSpec
from runtimes.core.tensors import DTYPES, FLOATS, Tensor, has_nonfinite, nonfinite_places, size_of

BATCH = "batch"


def batch_of(signature: Signature) -> str | int | None:
    """How a model takes several rows: ``"batch"`` for any number, a fixed number, or None: it has no rows."""
    first = {spec.shape[0] if spec.shape else None for spec in signature.inputs}
    if first == {BATCH}:
        return BATCH
    first |= {spec.shape[0] if spec.shape else None for spec in signature.outputs}
    size = first.pop()
    if first or not isinstance(size, int) or size < 1:
        return None
    return size if all(len(spec.shape) > 1 for spec in signature.inputs) else None


def order_by_name(
    signature: Signature, values: dict[str, object], field: str = "inputs"
) -> list[tuple[TensorSpec, object]]:
    """Each input with its value, in the signature's order; none may be missing or unknown."""
    for spec in signature.inputs:
        if spec.name not in values:
            raise RequestError(f"the input {spec.name} is missing", field=f"{field}.{spec.name}")
    if len(values) != len(signature.inputs):
        known = {spec.name for spec in signature.inputs}
        unknown = next(name for name in values if name not in known)
        message = f"the model has no input {unknown[:80]!r}; it takes {', '.join(sorted(known))}"
        raise RequestError(message, field=f"{field}.{unknown[:80]}")
    return [(spec, values[spec.name]) for spec in signature.inputs]


def check_tensor(spec: TensorSpec, tensor: Tensor, field: str, sizes: dict[str, int]) -> None:
    """Refuse a tensor that does not fit its spec. ``sizes`` collects the free dimensions over all inputs."""
    if tensor.dtype != spec.dtype:
        message = f"{spec.name} takes {spec.dtype}, not {tensor.dtype}"
        raise RequestError(message, field=field)
    fits = len(tensor.shape) == len(spec.shape)
    if not fits or False in [_fits(want, have, sizes) for want, have in zip(spec.shape, tensor.shape)]:
        wanted = ", ".join(str(sizes.get(dim, dim) if isinstance(dim, str) else dim) for dim in spec.shape)
        message = f"{spec.name} takes the shape [{wanted}], not {list(tensor.shape)}"
        raise RequestError(message, field=field)
    if spec.limits:
        _check_limits(spec, tensor, field)
    _check_length(tensor, field)


def check_finite(tensor: Tensor, field: str, nullable: tuple[bool, ...]) -> None:
    """Refuse NaN and infinite values, but NaN where the column (``nullable``, one for each) takes null."""
    if tensor.dtype not in FLOATS:
        return
    data = tensor.data if isinstance(tensor.data, (bytes, bytearray)) else tensor.to_bytes()
    if not has_nonfinite(data, tensor.dtype):
        return
    places = nonfinite_places(data, tensor.dtype)
    infinite = set(places) - set(nonfinite_places(data, tensor.dtype, only_nan=True))
    for place in places:
        if place in infinite or not (nullable and nullable[place % len(nullable)]):
            message = f"{field} must hold finite numbers, but its element {place} is not one"
            raise RequestError(message, field=field, index=_row(tensor, place))


def _check_limits(spec: TensorSpec, tensor: Tensor, field: str) -> None:
    """What a model was exported for: beyond it, its graph may answer, and mean nothing."""
    for dim, size in zip(spec.shape, tensor.shape):
        least, most = spec.limits.get(str(dim), (0, None))
        if size < least or (most is not None and size > most):
            wanted = f"at least {least}" if size < least else f"at most {most}"
            message = f"{spec.name} has {dim} {size}, and the model takes {wanted}"
            raise RequestError(message, field=field)


def _fits(want: int | str, have: int, sizes: dict[str, int]) -> bool:
    if isinstance(want, int):
        return want == have
    return not want or sizes.setdefault(want, have) == have


def _row(tensor: Tensor, place: int) -> int | None:
    return place // (size_of(tensor.shape[1:]) or 1) if tensor.shape else None


def _check_length(tensor: Tensor, field: str) -> None:
    count = size_of(tensor.shape)
    have = len(tensor.data) if isinstance(tensor.data, list) else memoryview(tensor.data).nbytes
    want = count * DTYPES[tensor.dtype][1] if tensor.dtype != "string" else count
    if have != want or isinstance(tensor.data, list) != (tensor.dtype == "string"):
        message = f"{tensor.dtype} of shape {list(tensor.shape)} does not fit its data"
        raise RequestError(message, field=field)
