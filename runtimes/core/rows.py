"""Rows of a request (lists, or objects by name) to the model's input tensors."""

from __future__ import annotations

import struct
from itertools import chain

from runtimes.core.errors import RequestError
from runtimes.core.nested import KIND_OF_DTYPE, NUMBERS, MisfitError, pack, pack_nested, pack_numbers
from runtimes.core.restrictions import Restrictions
from runtimes.core.shapes import check_tensor
from runtimes.core.signature import Signature, TensorSpec
from runtimes.core.tensors import DTYPES, FLOATS, MISSING_TEXT, Tensor, has_nonfinite

_NAN = float("nan")


class RowReader:
    """Reads rows for one signature. ``read`` takes all rows at once, or says which one does not fit."""

    __slots__ = ("_names", "_plain", "_table", "_tensors")

    def __init__(self, signature: Signature) -> None:
        self._table = [_Columns(spec, signature) for spec in signature.inputs if signature.features]
        self._tensors = signature.inputs
        named = signature.features or signature.inputs
        self._names = tuple(item.name for item in named)
        self._plain = self._table[0].plain if len(self._table) == 1 else None

    def read(self, rows: list[object], field: str, first: int | None = 0) -> list[Tensor]:
        """The tensors of these rows. ``field`` and ``first`` (None: a row alone) name them in errors."""
        if self._plain is not None and len(rows) == 1:
            tensor = self._plain.pack(rows[0])
            if tensor is not None:
                return [tensor]
        where = _Place(field, first)
        return self._read_table(rows, where) if self._table else self._read_nested(rows, where)

    def _read_table(self, rows: list[object], where: _Place) -> list[Tensor]:
        width = len(self._names)
        if [True for row in rows if type(row) is not list or len(row) != width]:
            rows = [self._listed(row, index, where) for index, row in enumerate(rows)]
        return [columns.read(rows, where) for columns in self._table]  # type: ignore[arg-type]

    def _read_nested(self, rows: list[object], where: _Place) -> list[Tensor]:
        if len(self._names) == 1 and not [True for row in rows if isinstance(row, dict)]:
            columns, parts = [rows], [""]
        else:
            listed = [self._listed(row, index, where, named=True) for index, row in enumerate(rows)]
            columns = [[row[place] for row in listed] for place in range(len(self._names))]
            parts = [f".{name}" for name in self._names]
        sizes: dict[str, int] = {}
        return [
            _read_whole(spec, column, part, where, sizes)
            for spec, column, part in zip(self._tensors, columns, parts)
        ]

    def _listed(self, row: object, index: int, where: _Place, named: bool = False) -> list[object]:
        """A row as a list in the order of the columns."""
        place = where.row(index)
        if isinstance(row, dict):
            return self._by_name(row, index, where)
        if named and len(self._names) == 1:
            return [row]
        if named or not isinstance(row, (list, tuple)):
            kind = "an object" if named else "a list or an object"
            raise RequestError(
                f"each row must be {kind} of {self._known()}", field=place, index=where.index(index)
            )
        if len(row) != len(self._names):
            message = (
                f"the row has {len(row)} values, but the model takes {len(self._names)}: {self._known()}"
            )
            raise RequestError(message, field=place, index=where.index(index))
        return list(row)

    def _by_name(self, row: dict[str, object], index: int, where: _Place) -> list[object]:
        place = where.row(index)
        for name in self._names:
            if name not in row:
                message = f"{name} is missing"
                raise RequestError(message, field=f"{place}.{name}", index=where.index(index))
        if len(row) != len(self._names):
            unknown = str(next(name for name in row if name not in self._names))[:80]
            message = f"there is no {unknown!r}; the model takes {self._known()}"
            raise RequestError(message, field=f"{place}.{unknown}", index=where.index(index))
        return [row[name] for name in self._names]

    def _known(self) -> str:
        names = ", ".join(self._names[:20])
        return f"{names} and {len(self._names) - 20} more" if len(self._names) > 20 else names


class _Columns:
    """The features of one input tensor, in the order of its columns."""

    __slots__ = ("_features", "_in_order", "_positions", "_restrictions", "_spec", "_uniform", "plain")

    def __init__(self, spec: TensorSpec, signature: Signature) -> None:
        features = signature.features
        mine = sorted(
            (feature.column, place) for place, feature in enumerate(features) if feature.input == spec.name
        )
        self._spec = spec
        self._positions = [place for _, place in mine]
        self._features = [features[place] for place in self._positions]
        self._uniform = len({(feature.kind, feature.nullable) for feature in self._features}) == 1
        self._in_order = self._positions == list(range(len(features)))
        self._restrictions = Restrictions(signature, spec)
        kinds = {feature.kind for feature in self._features}
        plain = self._in_order and kinds == {"number"} and self._restrictions.are_none
        self.plain = _PlainRow(spec.dtype, len(features)) if plain and spec.dtype in FLOATS else None

    def read(self, rows: list[list[object]], where: _Place) -> Tensor:
        flat: list[object]
        if self._in_order:
            flat = list(chain.from_iterable(rows)) if len(rows) > 1 else rows[0]
        else:
            flat = [row[place] for row in rows for place in self._positions]
        data = self._pack(flat, where) if self._uniform else self._pack_by_column(flat, where)
        tensor = Tensor(self._spec.dtype, (len(rows), len(self._positions)), data)
        found = self._restrictions.find_breach(tensor)
        if found is not None:
            row, feature, reason = found
            raise self._refusal(MisfitError((row,), reason), row, feature.column, where)
        return tensor

    def _pack(self, flat: list[object], where: _Place) -> bytes | list[str]:
        feature = self._features[0]
        try:
            return pack(flat, self._spec.dtype, feature.kind, feature.nullable)
        except MisfitError as misfit:
            row, column = divmod(misfit.position[0], len(self._features))
            raise self._refusal(misfit, row, column, where) from None

    def _pack_by_column(self, flat: list[object], where: _Place) -> bytes | list[str]:
        width = len(self._features)
        for column, feature in enumerate(self._features):
            try:
                pack(flat[column::width], self._spec.dtype, feature.kind, feature.nullable)
            except MisfitError as misfit:
                raise self._refusal(misfit, misfit.position[0], column, where) from None
        if self._spec.dtype == "string":
            return [MISSING_TEXT if value is None else value for value in flat]  # type: ignore[misc]
        if self._spec.dtype in FLOATS:
            flat = [_NAN if value is None else value for value in flat]
        return pack_numbers(flat, self._spec.dtype)

    def _refusal(self, misfit: MisfitError, row: int, column: int, where: _Place) -> RequestError:
        name = self._features[column].name
        return RequestError(
            f"{name} {misfit.reason}", field=f"{where.row(row)}.{name}", index=where.index(row)
        )


class _PlainRow:
    """One row of numbers for a float tensor: the request that comes most."""

    __slots__ = ("_dtype", "_pack", "_shape")

    def __init__(self, dtype: str, width: int) -> None:
        self._dtype = dtype
        self._shape = (1, width)
        self._pack = struct.Struct(f"<{width}{DTYPES[dtype][0]}").pack

    def pack(self, row: object) -> Tensor | None:
        """The row's tensor, or None where anything about it is not plain: nothing is said of why."""
        if type(row) is not list or not NUMBERS.issuperset(map(type, row)):
            return None
        try:
            data = self._pack(*row)
        except (struct.error, OverflowError):
            return None
        return None if has_nonfinite(data, self._dtype) else Tensor(self._dtype, self._shape, data)


class _Place:
    """How a row is named in an error: ``instances[3]``, or ``features`` for a row alone."""

    __slots__ = ("_field", "_first")

    def __init__(self, field: str, first: int | None) -> None:
        self._field = field
        self._first = first

    def row(self, index: int) -> str:
        return self._field if self._first is None else f"{self._field}[{self._first + index}]"

    def index(self, index: int) -> int | None:
        return None if self._first is None else self._first + index


def _read_whole(
    spec: TensorSpec, column: list[object], part: str, where: _Place, sizes: dict[str, int]
) -> Tensor:
    """One input of a model without columns: each row is nested lists in the shape of the input."""
    try:
        data, shape = pack_nested(
            column, len(spec.shape), spec.dtype, KIND_OF_DTYPE.get(spec.dtype, "integer")
        )
    except MisfitError as misfit:
        row, *inner = misfit.position
        deeper = "".join(f"[{index}]" for index in inner)
        field = f"{where.row(row)}{part}{deeper}"
        raise RequestError(f"{field} {misfit.reason}", field=field, index=where.index(row)) from None
    tensor = Tensor(spec.dtype, shape, data)
    check_tensor(spec, tensor, f"{where.row(0)}{part}", sizes)
    return tensor
