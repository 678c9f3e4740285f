"""Scores answers on the evaluation rows of a conversion, and says whether what they lose may be lost."""

import math
from collections.abc import Iterator
from pathlib import Path

from packager.conversion import Evaluation
from packager.metrics import Budget, yardstick
from packager.metrics.choosing import LESS_IS_BETTER
from packager.model import Signature
from packager.optimized import Drop, MetricName, Score
from packager.probe import Answers

_BY_ROWS: frozenset[MetricName] = frozenset({"accuracy", "top5"})
"""Each row is right or wrong, and nothing between."""


class Scoring:
    """The rows with their truth: the labels, else the source model's answers."""

    def __init__(
        self, evaluation: Evaluation, signature: Signature, asked: MetricName | None, budget: str | None
    ) -> None:
        """``budget`` None: whatever is lost may be lost."""
        self._yard = yardstick(evaluation.path, signature, asked)
        self._budget = Budget.parse(budget) if budget else None
        self._most = self._budget.allowed(self._yard) if self._budget else None
        self.path: Path = evaluation.path
        self.notes = (*evaluation.notes, *self._too_few())

    def _too_few(self) -> Iterator[str]:
        """A budget that is less than one row: whether it is kept cannot be told."""
        if self._most and self.metric in _BY_ROWS and self.rows * self._most < 1:
            one, needed = 100 / self.rows, math.ceil(1 / self._most)
            yield (
                f"one of {self.rows:,} rows is {one:.2g} % of the {self.metric}, and {self.allowed} % may be "
                f"lost: to tell that, judge by {needed:,} rows or more"
            )

    @property
    def metric(self) -> MetricName:
        """What is counted."""
        return self._yard.metric

    @property
    def source(self) -> Score:
        """The source model's own, on the same rows."""
        return self._yard.source

    @property
    def rows(self) -> int:
        """On how many rows."""
        return self._yard.rows

    @property
    def allowed(self) -> str | None:
        """How much may be lost, without its unit."""
        if self._most is None:
            return None
        return f"{self._most:.3g}" if self.metric in LESS_IS_BETTER else f"{100 * self._most:.3g}"

    @property
    def is_error(self) -> bool:
        """Whether less of it is better."""
        return self.metric in LESS_IS_BETTER

    def reaches(self, score: Score, asked: float) -> bool:
        """Whether it is as good as that; what is no number is not."""
        return score.value <= asked if self.is_error else score.value >= asked

    def of(self, answers: Answers) -> tuple[Score, Drop]:
        """The score of the shipped code's answers to the evaluation, and what was lost of the source's."""
        return self._yard.score(answers.outputs), self._yard.drop(answers.outputs)

    def holds(self, drop: Drop) -> bool:
        """Whether no more is lost than may be."""
        return self._budget is None or self._budget.holds(drop, self._yard)
