"""An input without features: each row is a number, or lists of them in the shape of the input."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from runtimes.batch.rows.columns import Column
from runtimes.batch.rows.explaining import as_json, code_of
from runtimes.batch.rows.kinds import kind_of, plain_type, takes
from runtimes.batch.rows.looking import taken
from runtimes.batch.rows.memory import tensor_over
from runtimes.batch.work import Refused
from runtimes.core.errors import RequestError
from runtimes.core.nested import MisfitError, nest, pack_nested
from runtimes.core.shapes import BATCH, check_tensor
from runtimes.core.signature import Feature, TensorSpec
from runtimes.core.tensors import Tensor


class Lists:
    """Reads an input of its own shape out of one column."""

    def __init__(self, spec: TensorSpec, name: str) -> None:
        # A model of a fixed batch takes any number of rows, some at a time.
        self.spec = TensorSpec(spec.name, spec.dtype, (BATCH, *spec.shape[1:]), limits=spec.limits)
        self.name = name
        self._leaves = Column(
            Feature(spec.name, kind_of(spec.dtype), spec.name, 0, False), name, spec.dtype, is_named=False
        )

    def read(self, batch: pa.RecordBatch, sizes: dict[str, int]) -> Tensor | None:
        """The tensor of rows of one shape that are all taken; None where a closer look is needed."""
        column = stored(batch.column(self.name))
        found = _flattened(column)
        values = None if found is None else taken(self._leaves, found[0])
        if found is None or values is None:
            return None
        shape = (len(column), *self._shape(column.type, found[1]))
        if self.spec.dtype == "string":
            tensor = Tensor("string", shape, values.to_pylist())
        else:
            tensor = tensor_over(
                values.cast(pa.uint8()) if pt.is_boolean(values.type) else values, self.spec.dtype, shape
            )
        try:
            check_tensor(self.spec, tensor, self.name, sizes)
        except RequestError:
            return None
        return tensor

    def lengths(self, batch: pa.RecordBatch) -> list[int | None] | None:
        """How long the list of each row is (None: there is none), where lists may be of several lengths."""
        column = batch.column(self.name)
        lengths: list[int | None] = pc.list_value_length(column).to_pylist() if _is_list(column.type) else []
        return lengths or None

    def refusal(self, batch: pa.RecordBatch, sizes: dict[str, int]) -> Refused | None:
        """Why a batch of one row is not taken, as the function says it; None when it is."""
        value, type_ = (
            as_json(stored(batch.column(self.name))[0], False),
            stored_type(batch.column(self.name).type),
        )
        if value is not None and is_flat(self.spec, type_):
            leaves = value if isinstance(value, list) else [value]
            value = nest(leaves, tuple([int(dim) for dim in self.spec.shape[1:]]))
        rank, kind = len(self.spec.shape), kind_of(self.spec.dtype)
        try:
            data, shape = pack_nested([value], rank, self.spec.dtype, kind)
            check_tensor(self.spec, Tensor(self.spec.dtype, shape, data), self.name, sizes)
        except MisfitError as misfit:
            inner = misfit.position[1:]
            place = self.name + "".join(f"[{at}]" for at in inner)
            leaf = _at(value, inner)
            reason = code_of(leaf, kind) if len(misfit.position) == rank or leaf is None else "wrong_length"
            return Refused(0, self.name, reason, f"{place} {misfit.reason}")
        except RequestError as error:
            return Refused(0, self.name, "wrong_length", error.message)
        return None

    def _shape(self, type_: pa.DataType, sizes: tuple[int, ...]) -> tuple[int, ...]:
        flat = is_flat(self.spec, type_)
        return tuple([int(dim) for dim in self.spec.shape[1:]]) if flat else sizes


def wrong_type(spec: TensorSpec, column: str, type_: pa.DataType) -> str | None:
    """What is wrong with the type of a column for this input; None when it may hold the rows."""
    own, dims = stored_type(type_), spec.shape[1:]
    leaf, depth = own, 0
    while pt.is_fixed_size_list(leaf) or _is_list(leaf):
        leaf, depth = leaf.value_type, depth + 1
    kind = kind_of(spec.dtype)
    fits = (
        takes(kind, leaf)
        and not pt.is_decimal(leaf)
        and (depth == len(dims) or is_flat(spec, own) or pt.is_null(own))
    )
    if fits and (depth != len(dims) or _sizes_fit(own, dims)):
        return None
    wanted = ", ".join(str(dim) for dim in dims)
    shape = f"lists of the shape [{wanted}] of {spec.dtype}" if dims else spec.dtype
    return f"the column {column!r} is {type_}, and the model takes {shape} as {spec.name}"


def _sizes_fit(type_: pa.DataType, dims: tuple[int | str, ...]) -> bool:
    for dim in dims:
        if pt.is_fixed_size_list(type_) and isinstance(dim, int) and type_.list_size != dim:
            return False
        type_ = type_.value_type
    return True


def text_type(spec: TensorSpec, leaf: pa.DataType) -> pa.DataType:
    """The type to read text of a file as."""
    for _ in spec.shape[1:]:
        leaf = pa.list_(leaf)
    return leaf


def is_flat(spec: TensorSpec, type_: pa.DataType) -> bool:
    """Whether a column holds each row's numbers in one list, or as one number, where the sizes are known."""
    dims = spec.shape[1:]
    if not dims or not all(isinstance(dim, int) for dim in dims):
        return False
    count = 1
    for dim in dims:
        count *= int(dim)
    if pt.is_fixed_size_list(type_):
        return len(dims) > 1 and type_.list_size == count and not pt.is_nested(type_.value_type)
    return count == 1 and not pt.is_nested(type_)


def stored_type(type_: pa.DataType) -> pa.DataType:
    """The type without what a tensor's extension says of it."""
    if isinstance(type_, pa.FixedShapeTensorType):
        permutation = type_.permutation
        if permutation is None or list(permutation) == sorted(permutation):
            kind = type_.value_type
            for dim in reversed(type_.shape):
                kind = pa.list_(kind, dim)
            return kind
    return type_ if pt.is_nested(type_) else plain_type(type_)


def stored(column: pa.Array) -> pa.Array:
    """The column in that type."""
    if not isinstance(column.type, pa.FixedShapeTensorType):
        return column
    kind = stored_type(column.type)
    whole = column.storage
    if whole.null_count or kind == column.type:
        return pa.array(
            [None if one is None else nest(one, tuple(column.type.shape)) for one in whole.to_pylist()], kind
        )
    values = whole.flatten()
    for dim in reversed(column.type.shape):
        values = pa.FixedSizeListArray.from_arrays(values, dim)
    return values


def _flattened(column: pa.Array) -> tuple[pa.Array, tuple[int, ...]] | None:
    """The numbers of all rows and the sizes of their lists; None where these differ, or one is missing."""
    sizes = []
    while pt.is_fixed_size_list(column.type) or _is_list(column.type):
        if column.null_count:
            return None
        if pt.is_fixed_size_list(column.type):
            sizes.append(column.type.list_size)
        else:
            lengths = pc.min_max(pc.list_value_length(column)).as_py()
            if lengths["min"] != lengths["max"]:
                return None
            sizes.append(lengths["min"] or 0)
        column = column.flatten()
    return column, tuple(sizes)


def _is_list(type_: pa.DataType) -> bool:
    views = pt.is_list_view(type_) or pt.is_large_list_view(type_)
    return bool(pt.is_list(type_) or pt.is_large_list(type_) or views)


def _at(value: object, position: tuple[int, ...]) -> object:
    for index in position:
        value = value[index] if isinstance(value, list) else None
    return value
