"""A boosted model as numbers alone: flat trees or weights, what is added, and the link behind them."""

import math
from dataclasses import dataclass
from typing import Literal

from packager.converters.tensors import Array
from packager.converters.trees.flat import Trees

Link = Literal["identity", "sigmoid", "softmax", "exp", "log1p_exp", "signed_square", "step"]
Gives = Literal["classes", "label", "prediction"]
"""What the answer is: probabilities of classes, a class alone, or numbers."""


@dataclass(frozen=True, slots=True)
class LinearLeaves:
    """Leaves that hold a linear function: row by row in the order of the trees' leaves.

    A row's answer is ``constant + coefficients @ x``, or ``fallback`` if a value that it reads is missing.
    """

    constant: Array
    coefficients: Array
    reads: Array
    fallback: Array


@dataclass(frozen=True, slots=True)
class Ensemble:
    """``raw = base + trees(x)`` or ``base + x @ weights`` with NaN as 0; the answer is ``link(scale * raw)``.

    ``zero_is_missing``: for each feature whether 0 is read as NaN. ``rounds_down``: whether a category is the
    next lower whole number, or the next one towards zero. ``missing``: a number that is read as NaN, too.
    ``averaged``: the leaves are divided by the number of rounds already.
    ``double``: whether the library compares and adds in double precision, or in single in the trees' order.
    """

    features: int
    outputs: int
    base: Array
    link: Link
    gives: Gives
    zero_is_missing: Array
    trees: Trees | None = None
    weights: Array | None = None
    linear: LinearLeaves | None = None
    scale: float = 1.0
    double: bool = False
    rounds_down: bool = False
    missing: float = math.nan
    objective: str = ""
    rounds: int = 0
    averaged: bool = False

    def described(self, kind: str) -> str:
        return f"{kind}({self.objective or 'custom'}, {self._counted()}{self.features} features)"

    def _counted(self) -> str:
        """A forest is told apart: dropping trees of a mean is another thing than dropping rounds of a sum."""
        if self.trees is None:
            return ""
        trees = len(self.trees.trees)
        if self.averaged or (self.rounds == 1 and trees > self.outputs):
            return f"{trees // self.outputs} averaged trees, "
        return f"{self.rounds} rounds, "
