"""Refuses the values that the source model refuses: categories that its encoders never saw."""

from __future__ import annotations

from runtimes.core.errors import RequestError
from runtimes.core.nested import to_flat
from runtimes.core.signature import Feature, Signature
from runtimes.core.tensors import Tensor

_SHOWN = 8


class Categories:
    """The columns of one input whose values are limited. ``refusal`` looks at all rows at once."""

    __slots__ = ("_limited", "_width")

    def __init__(self, signature: Signature, input_name: str) -> None:
        mine = [feature for feature in signature.features if feature.input == input_name]
        self._width = len(mine)
        self._limited = [(feature, _allowed(feature)) for feature in mine if feature.categories]

    def find_stranger(self, tensor: Tensor) -> tuple[int, Feature, str] | None:
        """The first value outside its column's categories: its row, its feature, and what to say."""
        if not self._limited:
            return None
        values = to_flat(tensor)
        for feature, allowed in self._limited:
            column = values[feature.column :: self._width]
            if not allowed.issuperset(column):
                row = next(at for at, value in enumerate(column) if value not in allowed)
                return row, feature, _sentence(feature)
        return None


def refuse_strangers(categories: Categories, tensor: Tensor, field: str) -> None:
    """The same for a whole tensor of a request."""
    found = categories.find_stranger(tensor)
    if found is not None:
        row, feature, reason = found
        place = f"{field}[{row}][{feature.column}]"
        raise RequestError(f"{feature.name} {reason}", field=place, index=row)


def _allowed(feature: Feature) -> frozenset[object]:
    missing: tuple[object, ...] = ("",) if feature.nullable and feature.kind == "text" else ()
    return frozenset((*feature.categories, *missing))


def _sentence(feature: Feature) -> str:
    known = ", ".join(str(value) for value in feature.categories[:_SHOWN])
    more = len(feature.categories) - _SHOWN
    others = f" and {more} more" if more > 0 else ""
    return f"is a category that the model does not know; it knows {known}{others}"
