"""Scores answers on the evaluation rows of a conversion, and says whether what they lose may be lost."""

from pathlib import Path

from packager.conversion import Evaluation
from packager.metrics import Budget, yardstick
from packager.metrics.choosing import LESS_IS_BETTER
from packager.model import Signature
from packager.optimized import Drop, MetricName, Score
from packager.probe import Answers


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
        self.notes = evaluation.notes

    @property
    def metric(self) -> MetricName:
        """What is counted."""
        return self._yard.metric

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
