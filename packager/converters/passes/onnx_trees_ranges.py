"""Which values of each column reach the nodes of a tree, and so which answers a node can have."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from packager.converters.tiny.questions import Asked


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``low`` to ``high``, both included, and perhaps a missing value."""

    low: float
    high: float
    missing: bool

    @property
    def is_empty(self) -> bool:
        return self.low > self.high and not self.missing

    def joined(self, other: "Range") -> "Range":
        """All that is in either, and what lies between."""
        return Range(min(self.low, other.low), max(self.high, other.high), self.missing or other.missing)


_ALL = Range(-np.inf, np.inf, True)
Ranges = dict[int, Range]
"""By column; of a column that is not in it, any value."""


def answers(asked: Asked, ranges: Ranges, kind: Any) -> tuple[Range, Range]:
    """The values of the asked column that answer yes, and those that answer no."""
    here = ranges.get(asked.column, _ALL)
    (low, high), (other_low, other_high) = _numbers(asked, here, kind)
    gap_is_yes = asked.answer(float("nan"))
    return (
        Range(low, high, here.missing and gap_is_yes),
        Range(other_low, other_high, here.missing and not gap_is_yes),
    )


def _numbers(asked: Asked, here: Range, kind: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    low, high, bound = here.low, here.high, asked.values[0]
    below, above = _neighbours(bound, kind)
    up_to, from_on = (low, min(high, bound)), (max(low, bound), high)
    less, more = (low, min(high, below)), (max(low, above), high)
    equal = (max(low, bound), min(high, bound))
    # All but one value: the ends alone can say that.
    other = (above if low == bound else low, below if high == bound else high)
    return {
        "BRANCH_LEQ": (up_to, more),
        "BRANCH_LT": (less, from_on),
        "BRANCH_GT": (more, up_to),
        "BRANCH_GTE": (from_on, less),
        "BRANCH_EQ": (equal, other),
        "BRANCH_NEQ": (other, equal),
    }[asked.mode]


@lru_cache(maxsize=1 << 16)
def _neighbours(bound: float, kind: Any) -> tuple[float, float]:
    """The numbers next to one, in the precision that the engine compares in."""
    return float(np.nextafter(kind(bound), kind(-np.inf))), float(np.nextafter(kind(bound), kind(np.inf)))


def parents_first(nodes: Sequence[Asked | None], root: int) -> list[int]:
    """The places of a tree's nodes, each behind all that lead to it."""
    found: list[int] = []
    seen, waiting = set[int](), [(root, False)]
    while waiting:
        place, leaving = waiting.pop()
        if leaving:
            found.append(place)
        elif place not in seen:
            seen.add(place)
            asked = nodes[place]
            waiting.append((place, True))
            waiting += [(asked.yes, False), (asked.no, False)] if asked else []
    return found[::-1]


def ways(nodes: Sequence[Asked | None], root: int, kind: Any) -> dict[int, tuple[bool, bool]]:
    """Of each inner node that a row can reach: whether one can answer yes there, and whether no."""
    reached: dict[int, Ranges] = {root: {}}
    found: dict[int, tuple[bool, bool]] = {}
    for place in parents_first(nodes, root):
        asked = nodes[place]
        if asked is None or place not in reached:
            continue
        ranges = reached.pop(place)
        yes, no = answers(asked, ranges, kind)
        found[place] = (not yes.is_empty, not no.is_empty)
        for child, left in ((asked.yes, yes), (asked.no, no)):
            if not left.is_empty:
                reached[child] = _met(reached.get(child), {**ranges, asked.column: left})
    return found


def _met(before: Ranges | None, more: Ranges) -> Ranges:
    if before is None:
        return more
    return {column: before[column].joined(more[column]) for column in before.keys() & more.keys()}
