"""One feature's column: its values in the dtype of the model's input, and which of them are not taken.

The verdicts are those of the function's own reading (runtimes/core: nested, restrictions), column by column.
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from runtimes.batch.rows.kinds import ARROW, holds_missing, plain
from runtimes.core.restrictions import LARGEST
from runtimes.core.signature import Feature
from runtimes.core.tensors import DTYPES, FLOATS, MISSING_TEXT


class Column:
    """Where a feature's values are, and what they may be."""

    def __init__(self, feature: Feature, name: str, dtype: str, *, is_named: bool = True) -> None:
        self.feature = feature
        self.name = name
        self.dtype = dtype
        self.nullable = feature.nullable and holds_missing(dtype)
        self._whole = feature.kind == "integer" or (feature.kind == "number" and dtype not in FLOATS)
        self._wide = dtype == "float64" and is_named
        self._is_counted = dtype not in (*FLOATS, "bool", "string")

    def is_plain(self, type_: pa.DataType) -> bool:
        """Whether all of its values are taken that are not null, and well within the input's dtype."""
        if self.feature.categories or self.feature.kind == "text":
            return False
        if self.feature.kind == "boolean":
            return bool(pt.is_boolean(type_))
        if pt.is_integer(type_):
            return self.dtype in FLOATS or type_ == ARROW[self.dtype]
        return bool(pt.is_floating(type_)) and not self._whole

    def cast(self, values: pa.Array) -> pa.Array:
        """The values in the input's dtype; what it does not hold becomes anything. Missing ones stay null."""
        want = ARROW[self.dtype]
        if values.type == want:
            return values
        values = exact(plain(values), self.dtype)
        if pt.is_null(values.type) or self.dtype == "string":
            return values.cast(want)
        if self.dtype in FLOATS and not pt.is_floating(values.type):
            # As Python reads a number of JSON: a double first, which matters to whole numbers beyond 2**53.
            values = values.cast(pa.float64(), safe=False)
        elif self.dtype not in FLOATS and pt.is_floating(values.type):
            values = pc.if_else(_beyond(values, self.dtype), pa.scalar(0, values.type), values)
        return values.cast(want, safe=False)

    def misfits(self, values: pa.Array) -> pa.Array | None:
        """Which values are none of the kind, or not within the dtype; None when all are."""
        values, masks = plain(values), []
        if values.null_count and not self.nullable:
            masks.append(values.is_null())
        if pt.is_decimal(values.type):
            masks += [_beyond(values, self.dtype)] if self._is_counted else []
        values = exact(values, self.dtype)
        if self.dtype == "string":
            masks += [_not_utf8(values), pc.equal(values.cast(pa.string()), MISSING_TEXT)]
        elif pt.is_floating(values.type):
            masks += self._misfits_of_floats(values)
        elif pt.is_integer(values.type):
            masks += self._misfits_of_integers(values)
        return _any(masks)

    def too_large(self, values: pa.Array) -> pa.Array | None:
        """Which doubles are beyond single precision, where the source model works in it."""
        return pc.fill_null(pc.greater(pc.abs(self.cast(values)), LARGEST), False) if self._wide else None

    def unknown(self, values: pa.Array) -> pa.Array | None:
        """Which values are none of the categories."""
        if not self.feature.categories:
            return None
        cast, known = self.cast(values), pa.array(self.feature.categories)
        if self.dtype == "string":
            return pc.and_(pc.invert(pc.is_in(cast, value_set=known)), cast.is_valid())
        like = pa.float64() if self.dtype in FLOATS else known.type
        return pc.invert(pc.is_in(cast.cast(like, safe=False), value_set=known.cast(like)))

    def _misfits_of_integers(self, values: pa.Array) -> list[pa.Array]:
        if self._is_counted:
            return [_beyond(values, self.dtype)]
        return [pc.is_inf(self.cast(values))] if self.dtype == "float16" else []

    def _misfits_of_floats(self, values: pa.Array) -> list[pa.Array]:
        finite = pc.is_finite(values)
        masks = [pc.is_inf(values) if self.nullable else pc.invert(finite)]
        if self._whole:
            masks.append(pc.and_(finite, pc.not_equal(values, pc.trunc(values))))
        if self._is_counted:
            masks.append(_beyond(values, self.dtype))
        elif DTYPES[self.dtype][1] < values.type.bit_width // 8:
            masks.append(pc.and_(finite, pc.is_inf(values.cast(ARROW[self.dtype], safe=False))))
        return masks


def exact(values: pa.Array, dtype: str) -> pa.Array:
    """Decimals as the numbers that JSON would say: the nearest double, or for whole ones an integer (null
    where it is beyond what the dtype holds). Halves are made singles, since Arrow reckons with those."""
    if pt.is_float16(values.type):
        return values.cast(pa.float32())
    if not pt.is_decimal(values.type):
        return values
    if dtype in FLOATS or values.type.scale > 0:
        return values.cast(pa.string()).cast(pa.float64())
    beyond = _beyond(values, dtype)
    wide = pa.uint64() if dtype == "uint64" else pa.int64()
    return pc.if_else(beyond, pa.scalar(None, values.type), values).cast(wide)


def _not_utf8(texts: pa.Array) -> pa.Array:
    """Which texts are not what their type says: a file may hold any bytes there."""
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return pa.array([_is_broken(text) for text in texts])
    return pa.repeat(False, len(texts))


def _is_broken(text: pa.Scalar) -> bool:
    try:
        text.as_py()
    except UnicodeDecodeError:
        return True
    return False


def _beyond(values: pa.Array, dtype: str) -> pa.Array:
    """Which numbers a dtype of whole numbers does not reach: NaN is one of them, null is not."""
    least, most = _bounds(dtype)
    if pt.is_floating(values.type):
        doubles = values.cast(pa.float64())
        within = pc.and_(pc.greater_equal(doubles, float(least)), pc.less(doubles, float(most + 1)))
        return pc.fill_null(pc.invert(within), False)
    if pt.is_decimal(values.type):
        low, high = (pa.scalar(Decimal(bound), pa.decimal128(20, 0)) for bound in (least, most))
    else:
        own_least, own_most = _bounds(str(values.type))
        low, high = (pa.scalar(bound, values.type) for bound in (max(least, own_least), min(most, own_most)))
    return pc.fill_null(pc.or_(pc.less(values, low), pc.greater(values, high)), False)


def _bounds(dtype: str) -> tuple[int, int]:
    bits = DTYPES[dtype][1] * 8
    return (0, (1 << bits) - 1) if dtype.startswith("u") else (-(1 << bits - 1), (1 << bits - 1) - 1)


def _any(masks: list[pa.Array]) -> pa.Array | None:
    found = None
    for mask in masks:
        filled = pc.fill_null(mask, False)
        found = filled if found is None else pc.or_(found, filled)
    return found
