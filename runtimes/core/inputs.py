"""Whole tensors of a request (``inputs`` by name) to the model's input tensors."""

from __future__ import annotations

from runtimes.core.errors import RequestError
from runtimes.core.nested import KIND_OF_DTYPE, MisfitError, pack_nested
from runtimes.core.restrictions import Restrictions, refuse_breaches
from runtimes.core.shapes import BATCH, check_finite, check_tensor, order_by_name
from runtimes.core.signature import Signature, TensorSpec
from runtimes.core.tensors import FLOATS, Tensor, from_buffer, from_document, read_shape, size_of

_JSON = (dict, list, tuple, str, int, float, type(None))
_KEYS = {"b64", "data", "dtype", "shape"}
_MAX_EMPTY_DIM = 65536


class InputReader:
    """Reads ``{name: tensor}`` for one signature; every tensor holds all rows."""

    __slots__ = ("_nullable", "_restrictions", "_signature")

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._nullable: dict[str, tuple[bool, ...]] = {}
        self._restrictions = {spec.name: Restrictions(signature, spec) for spec in signature.inputs}
        for spec in signature.inputs:
            mine = sorted((f.column, f.nullable) for f in signature.features if f.input == spec.name)
            self._nullable[spec.name] = tuple(nullable for _, nullable in mine)

    def read(self, values: object, field: str = "inputs") -> list[Tensor]:
        """The tensors in the signature's order."""
        if not isinstance(values, dict):
            raise RequestError(f"{field} must be an object of tensors by name", field=field)
        found = order_by_name(self._signature, values, field)
        tensors = [self._read_one(spec, value, f"{field}.{spec.name}") for spec, value in found]
        return self.check(tensors, field)

    def check(self, tensors: list[Tensor], field: str = "inputs") -> list[Tensor]:
        """The tensors in the inputs' dtypes, when they fit the signature and each other."""
        sizes: dict[str, int] = {}
        taken = []
        for spec, sent in zip(self._signature.inputs, tensors):
            place = f"{field}.{spec.name}"
            tensor = _as_taken(sent, spec, place)
            taken.append(tensor)
            check_tensor(spec, tensor, place, sizes)
            if sent.dtype in FLOATS:
                check_finite(tensor, place, self._nullable[spec.name])
            refuse_breaches(self._restrictions[spec.name], tensor, place)
            if 0 in tensor.shape and max(tensor.shape) > _MAX_EMPTY_DIM:
                raise RequestError(f"{spec.name} is empty, yet has a size over {_MAX_EMPTY_DIM}", field=place)
        if sizes.get(BATCH) == 0:
            raise RequestError(f"{field} has no rows", field=field)
        return taken

    def check_run(self, values: dict[str, object], field: str = "inputs") -> list[Tensor]:
        """Tensors or arrays by name in the signature's order; only names, dtypes and shapes are checked."""
        sizes: dict[str, int] = {}
        tensors = []
        for spec, value in order_by_name(self._signature, values, field):
            place = f"{field}.{spec.name}"
            taken = value if isinstance(value, Tensor) else from_buffer(value, place)
            check_tensor(spec, taken, place, sizes)
            tensors.append(taken)
        return tensors

    def read_list(self, spec: TensorSpec, value: object, rank: int, place: str) -> Tensor:
        """A tensor out of nested lists of a rank (1: flat; its shape is then set by the caller)."""
        kind = KIND_OF_DTYPE.get(spec.dtype, "integer")
        try:
            data, shape = pack_nested(value, rank, spec.dtype, kind, any(self._nullable[spec.name]))
        except MisfitError as misfit:
            deeper = place + "".join(f"[{index}]" for index in misfit.position)
            index = misfit.position[0] if misfit.position else None
            raise RequestError(f"{deeper} {misfit.reason}", field=deeper, index=index) from None
        return Tensor(spec.dtype, _completed(shape, spec), data)

    def _read_one(self, spec: TensorSpec, value: object, place: str) -> Tensor:
        if isinstance(value, Tensor):
            return value
        if not isinstance(value, _JSON):
            return from_buffer(value, place)  # from Python, not from JSON: an array
        if not isinstance(value, dict):
            return self.read_list(spec, value, len(spec.shape), place)
        unknown = next((str(key) for key in value if key not in _KEYS), None)
        if unknown is not None:
            known = ", ".join(sorted(_KEYS))
            message = f"a tensor has no {unknown[:80]!r}; it takes {known}"
            raise RequestError(message, field=f"{place}.{unknown[:80]}")
        if "b64" in value and "data" in value:
            raise RequestError("give b64 or data, not both", field=place)
        if "b64" in value:
            return from_document(value, place)
        return self._read_data(spec, value, place)

    def _read_data(self, spec: TensorSpec, value: dict[str, object], place: str) -> Tensor:
        """``{"data", "shape", "dtype"}``: a flat list with its shape, or nested lists without one."""
        if "data" not in value:
            raise RequestError("a tensor needs b64 or data", field=place)
        if value.get("dtype", spec.dtype) != spec.dtype:
            raise RequestError(f"{spec.name} takes {spec.dtype}", field=f"{place}.dtype")
        if "shape" not in value:
            return self.read_list(spec, value["data"], len(spec.shape), f"{place}.data")
        shape = read_shape(value["shape"], f"{place}.shape")
        return reshaped(self.read_list(spec, value["data"], 1, f"{place}.data"), shape, f"{place}.data")


def _as_taken(tensor: Tensor, spec: TensorSpec, place: str) -> Tensor:
    """The tensor in the input's dtype, where it says exactly the same numbers in another."""
    if tensor.dtype == spec.dtype:
        return tensor
    from runtimes.core.casting import cast

    return cast(tensor, spec.dtype, place)


def reshaped(tensor: Tensor, shape: tuple[int, ...], place: str) -> Tensor:
    """The same elements under another shape of the same size."""
    have = size_of(tensor.shape)
    if have != size_of(shape):
        message = f"shape {list(shape)} takes {size_of(shape)} values, but there are {have}"
        raise RequestError(message, field=place)
    return Tensor(tensor.dtype, shape, tensor.data)


def _completed(shape: tuple[int, ...], spec: TensorSpec) -> tuple[int, ...]:
    """Empty lists do not show the sizes beneath them; the signature does."""
    if 0 not in shape:
        return shape
    known = shape.index(0) + 1
    beneath = [dim if isinstance(dim, int) else 0 for dim in spec.shape[known : len(shape)]]
    return (*shape[:known], *beneath)
