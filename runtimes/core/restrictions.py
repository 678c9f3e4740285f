"""Refuses values that the source model refuses: unknown categories, and numbers beyond single precision."""

from __future__ import annotations

from runtimes.core.errors import RequestError
from runtimes.core.nested import to_flat
from runtimes.core.signature import Feature, Signature, TensorSpec
from runtimes.core.tensors import MISSING_TEXT, Tensor

_SHOWN = 8
LARGEST = 3.4028234663852886e38
"""The largest single precision number. A double column is scaled in double precision, then rounded."""


class Restrictions:
    """What the columns of one input may hold besides what its dtype does. All rows are looked at at once."""

    __slots__ = ("_limited", "_mine", "_wide", "_width", "are_none")

    def __init__(self, signature: Signature, spec: TensorSpec) -> None:
        mine = [feature for feature in signature.features if feature.input == spec.name]
        self._mine = mine
        self._width = len(mine)
        self._wide = bool(mine) and spec.dtype == "float64"
        self._limited = [(feature, _allowed(feature)) for feature in mine if feature.categories]
        self.are_none = not self._limited and not self._wide

    def find_breach(self, tensor: Tensor) -> tuple[int, Feature, str] | None:
        """The first value that breaks a rule: its row, its feature, what to say; None when all is well."""
        if self.are_none:
            return None
        values = to_flat(tensor)
        if self._wide:
            for place, value in enumerate(values):
                if value is not None and not -LARGEST <= value <= LARGEST:  # type: ignore[operator]
                    row, column = divmod(place, self._width)
                    feature = next(feature for feature in self._mine if feature.column == column)
                    return row, feature, f"is too large: {value!r}"
        for feature, allowed in self._limited:
            column_values = values[feature.column :: self._width]
            if not allowed.issuperset(column_values):
                row = next(at for at, value in enumerate(column_values) if value not in allowed)
                return row, feature, unknown_category(feature)
        return None


def refuse_breaches(restrictions: Restrictions, tensor: Tensor, field: str) -> None:
    """The same for a whole tensor of a request."""
    found = restrictions.find_breach(tensor)
    if found is not None:
        row, feature, reason = found
        place = f"{field}[{row}][{feature.column}]"
        raise RequestError(f"{feature.name} {reason}", field=place, index=row)


def _allowed(feature: Feature) -> frozenset[object]:
    missing: tuple[object, ...] = (MISSING_TEXT,) if feature.nullable and feature.kind == "text" else ()
    return frozenset((*feature.categories, *missing))


def unknown_category(feature: Feature) -> str:
    """What to say of one: the first of those that the model knows."""
    known = ", ".join(str(value) for value in feature.categories[:_SHOWN])
    more = len(feature.categories) - _SHOWN
    others = f" and {more} more" if more > 0 else ""
    return f"is a category that the model does not know; it knows {known}{others}"
