"""What candidates are held to: one metric on the evaluation rows, and the source model's own score by it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from packager import probe
from packager.errors import SamplesError, VerificationError
from packager.metrics import bootstrap, weighted
from packager.metrics.choosing import LESS_IS_BETTER, Task, Truth, choose
from packager.metrics.reading import Outputs, Target, alike, as_chances, decided, numbers_of
from packager.metrics.weighted import Floats, Places
from packager.model import Signature
from packager.optimized import Drop, MetricName, Score

_Counted = Callable[[Floats], Floats]
"""From weights of rows to the metric."""


class Yardstick:
    """The metric with the truth of each row and the source's answers; ``source`` is the source's own score.

    ``scale``: of an error, what a percentage of it is taken of.
    """

    def __init__(
        self, task: Task, signature: Signature, source: Sequence[Outputs], labels: Floats | None
    ) -> None:
        """SamplesError where the rows cannot tell anything by this metric."""
        self._task, self._signature, self._source = task, signature, source
        self._labels = None if task.metric == "cosine" else labels
        self._refuse_endless(source)
        self.rows = len(self._worth_of_rows(source)) if task.metric == "cosine" else self._count()
        if labels is not None and len(labels) != self.rows:
            raise SamplesError(f"there are {len(labels)} labels for {self.rows} rows of answers")
        self._own = self._counted(source)
        self.source = self._score(self._own)
        self.scale = self._scale()

    @property
    def metric(self) -> MetricName:
        """What is measured."""
        return self._task.metric

    @property
    def truth(self) -> Truth:
        """What counts as right."""
        return "labels" if self._labels is not None else "source"

    def score(self, answers: Sequence[Outputs]) -> Score:
        """The metric of the shipped code's answers to the cases of the evaluation."""
        self._check(answers)
        return self._score(self._counted(answers))

    def drop(self, answers: Sequence[Outputs]) -> Drop:
        """How much worse than the source, on the same rows, with the 95 % interval."""
        self._check(answers)
        counted, sign = self._counted(answers), -1 if self.metric in LESS_IS_BETTER else 1

        def lost(weights: Floats) -> Floats:
            return sign * (self._own(weights) - counted(weights))

        low, high = bootstrap.interval(lost, self.rows, self._columns())
        return Drop(float(lost(bootstrap.once(self.rows))[0]), low, high)

    def _columns(self) -> int:
        """How many times the rows are counted for one value."""
        return max([1, *(target.classes for target in self._task.targets if self.metric in ("auc", "f1"))])

    def _score(self, counted: _Counted) -> Score:
        value = float(counted(bootstrap.once(self.rows))[0])
        if np.isnan(value):
            raise SamplesError(
                f"{self.rows} evaluation rows cannot tell the {self.metric}: all have the same truth",
                "give rows of several classes, or of several values; or leave the labels out",
            )
        return Score(self.metric, value, self.rows, self.truth)

    def _scale(self) -> float:
        """Of the source's error; held to itself it has none, and the spread of its answers stands for it."""
        if self.metric == "rmse" and self.truth == "source":
            return float(np.std(self._numbers(self._source)))
        return abs(self.source.value)

    def _counted(self, cases: Sequence[Outputs]) -> _Counted:
        if self.metric == "cosine":
            worth = self._worth_of_rows(cases)
            return lambda weights: weighted.mean(worth, weights)
        parts = self._of_numbers(cases) if self._task.numbers else self._of_classes(cases)
        return lambda weights: np.mean([part(weights) for part in parts], axis=0)

    def _of_numbers(self, cases: Sequence[Outputs]) -> list[_Counted]:
        """A part for each column."""
        formula = weighted.r2 if self.metric == "r2" else weighted.rmse
        answers = self._numbers(cases)
        truth = self._numbers(self._source) if self._labels is None else self._labels[:, None]

        def part(at: int) -> _Counted:
            return lambda weights: formula(truth[:, at], answers[:, at], weights)

        return [part(at) for at in range(truth.shape[1])]

    def _numbers(self, cases: Sequence[Outputs]) -> Floats:
        assert self._task.numbers is not None  # noqa: S101 - of numbers alone
        return numbers_of(self._task.numbers, cases)

    def _of_classes(self, cases: Sequence[Outputs]) -> list[_Counted]:
        """A part for each target."""
        return [self._of_target(target, cases) for target in self._task.targets]

    def _of_target(self, target: Target, cases: Sequence[Outputs]) -> _Counted:
        like = numbers_of(target.scores, self._source) if target.scores else None
        if self._labels is not None:
            truth = self._labels.astype(np.int64)
        else:
            truth = decided(target, self._signature, self._source, like)
        if self.metric in ("accuracy", "f1"):
            said = decided(target, self._signature, cases, like)
            if self.metric == "f1":
                return lambda weights: weighted.f1(truth, said, target.classes, weights)
            right = weighted.hits(truth, said)
            return lambda weights: weighted.mean(right, weights)
        assert target.scores is not None and like is not None  # noqa: S101 - the choice has seen to it
        return self._of_scores(target, truth, numbers_of(target.scores, cases), like)

    def _of_scores(self, target: Target, truth: Places, scores: Floats, like: Floats) -> _Counted:
        if target.scores is not None and target.scores.role != "scores":
            scores = as_chances(scores, like)
        if self.metric == "auc":
            columns = scores[:, 1:] if scores.shape[1] == 2 else scores
            return weighted.auc(truth, columns)
        worth = (
            weighted.losses(truth, scores) if self.metric == "log_loss" else weighted.top_hits(truth, scores)
        )
        return lambda weights: weighted.mean(worth, weights)

    def _worth_of_rows(self, cases: Sequence[Outputs]) -> Floats:
        names = [spec.name for spec in self._task.tensors]
        pairs = zip(self._source, cases, strict=True)
        return np.concatenate([alike([(own[name], said[name]) for name in names]) for own, said in pairs])

    def _count(self) -> int:
        target = self._task.targets[0] if self._task.targets else None
        spec = (target.label or target.scores) if target else self._task.numbers
        assert spec is not None  # noqa: S101 - the choice has seen to it
        return sum(len(case[spec.name]) if case[spec.name].ndim else 1 for case in self._source)

    def _check(self, answers: Sequence[Outputs]) -> None:
        """Fails closed: what is not there or not a number is no small difference."""
        for at, (own, said) in enumerate(zip(self._source, answers, strict=True)):
            for spec in self._signature.outputs:
                if said[spec.name].shape != own[spec.name].shape:
                    raise VerificationError(
                        f"the output {spec.name} has shape {list(said[spec.name].shape)} in case {at}, "
                        f"and the source's has {list(own[spec.name].shape)}"
                    )
        rows = _endless(answers)
        if rows:
            raise VerificationError(f"{rows} of the answers hold NaN or infinity, and the source's do not")

    def _refuse_endless(self, source: Sequence[Outputs]) -> None:
        rows = _endless(source)
        if rows:
            raise SamplesError(
                f"the source model itself answers NaN or infinity to {rows} of the evaluation rows",
                "leave such rows out of the samples",
            )


def _endless(cases: Sequence[Outputs]) -> int:
    """How many rows of any output hold numbers that are not finite."""
    floats = [array for case in cases for array in case.values() if array.dtype.kind == "f"]
    return sum(
        int((~np.isfinite(array)).reshape(len(np.atleast_1d(array)), -1).any(axis=1).sum())
        for array in floats
    )


def yardstick(evaluation: Path, signature: Signature, asked: str | None = None) -> Yardstick:
    """The metric ``asked`` for (None: the usual one of such a model) on the rows of an `evaluation.json`.

    ConfigError or SamplesError where it does not fit the model or the labels.
    """
    document = json.loads(evaluation.read_text(encoding="utf-8"))
    labels = None if document["labels"] is None else np.array(document["labels"], dtype=np.float64)
    source = [case.outputs for case in probe.read_cases(evaluation)]
    return Yardstick(choose(signature, labels, asked), signature, source, labels)
