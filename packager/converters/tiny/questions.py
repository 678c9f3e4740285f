"""What the nodes of a tree ask of one column, brought to "is it at most this?" in as few steps as will do.

A chain of nodes that ask the same column is a function of that column with steps in it: it is read off
between its thresholds, and asked for again by halving. So one member of a hundred is found in seven steps.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.tiny.node import UncoveredError


@dataclass(frozen=True, slots=True)
class Asked:
    """An inner node as the file has it; ``yes`` and ``no`` are places of nodes. ``missing``: NaN is a yes."""

    mode: str
    column: int
    values: tuple[float, ...]
    yes: int
    no: int
    missing: bool

    def answer(self, value: float) -> bool:
        """What it says of a value; NaN is compared as C does."""
        compare = _COMPARE.get(self.mode)
        if compare is None:
            raise UncoveredError(f"trees with nodes {self.mode}")
        return compare(value, self.values) or (self.missing and math.isnan(value))

    def bounds(self, single: bool) -> list[float]:
        """Values such that the answer is the same for all numbers between two of them, the upper included."""
        kind: Any = np.float32 if single else np.float64
        if any(np.isnan(self.values)):
            raise UncoveredError("trees whose thresholds are no numbers")
        below = [float(np.nextafter(kind(value), kind(-np.inf))) for value in self.values]
        if self.mode in ("BRANCH_LEQ", "BRANCH_GT"):
            return list(self.values)
        return below if self.mode in ("BRANCH_LT", "BRANCH_GTE") else [*below, *self.values]


_COMPARE: dict[str, Callable[[float, tuple[float, ...]], bool]] = {
    "BRANCH_LEQ": lambda value, wanted: value <= wanted[0],
    "BRANCH_LT": lambda value, wanted: value < wanted[0],
    "BRANCH_GTE": lambda value, wanted: value >= wanted[0],
    "BRANCH_GT": lambda value, wanted: value > wanted[0],
    "BRANCH_EQ": lambda value, wanted: value == wanted[0],
    "BRANCH_NEQ": lambda value, wanted: value != wanted[0],
    "BRANCH_MEMBER": lambda value, wanted: value in wanted,
}


@dataclass(frozen=True, slots=True)
class Steps:
    """Where a column's value leads: ``exits[i]`` up to ``bounds[i]``, the last one above them all, and
    ``missing`` where there is none."""

    column: int
    bounds: tuple[float, ...]
    exits: tuple[int, ...]
    missing: int


def steps_of(start: int, nodes: list[Asked | None], single: bool) -> Steps:
    """The node at ``start`` with those behind its no that ask on, as one function of their column."""
    chain = _chain(start, nodes)
    bounds = sorted({bound for asked in chain for bound in asked.bounds(single)})
    exits = [_exit(chain, value) for value in (*bounds, float("inf"))]
    kept = [at for at in range(len(bounds)) if exits[at] != exits[at + 1]]
    return Steps(
        chain[0].column,
        tuple(bounds[at] for at in kept),
        (*(exits[at] for at in kept), exits[-1]),
        _exit(chain, float("nan")),
    )


def _chain(start: int, nodes: list[Asked | None]) -> list[Asked]:
    first = nodes[start]
    assert first is not None  # noqa: S101 - its caller asked for an inner node
    chain, exits = [first], {first.yes}
    following = nodes[first.no]
    while following is not None and following.column == first.column and len(chain) < _LONGEST:
        # Nodes that share an exit were one question for membership; others keep the order they were grown in.
        if len(chain) > 1 and following.yes not in exits:
            break
        chain.append(following)
        exits.add(following.yes)
        following = nodes[following.no]
    return chain


_LONGEST = 512


def _exit(chain: list[Asked], value: float) -> int:
    for asked in chain:
        if asked.answer(value):
            return asked.yes
    return chain[-1].no
