"""From the scores of classes to a label, and to what is answered for them (ai.onnx.ml's post_transform)."""

from __future__ import annotations

from math import exp

from runtimes.core.engines.tiny_ops.rounding import single

_NO_NUMBER = float("nan")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from runtimes.core.engines.tiny import Operate, Step, Value


def greatest(step: Step) -> Operate:
    """The label of each row's greatest score; of equal ones the first."""
    labels = step.attributes["labels"]
    among = step.attributes.get("among") or list(range(len(labels)))

    def operate(scores: Value) -> list[Value]:
        (rows, width), data = scores
        found = []
        for start in range(0, rows * width, width):
            best = among[0]
            for place in among:
                if data[start + place] > data[start + best]:
                    best = place
            found.append(labels[best])
        return [((rows,), found)]

    return operate


def above(step: Step) -> Operate:
    """One of two labels: the second where the row's only score is greater than the limit."""
    first, second = step.attributes["labels"]
    limit = step.attributes["limit"]

    def operate(scores: Value) -> list[Value]:
        shape, data = scores
        return [(shape[:1], [second if score > limit else first for score in data])]

    return operate


def complement(_: Step) -> Operate:
    """A share of one becomes the two shares of it."""
    return _paired(lambda score: 1.0 - score)


def opposite(_: Step) -> Operate:
    """A score becomes those against it and for it."""
    return _paired(lambda score: -score)


def _paired(other: Callable[[float], float]) -> Operate:
    def operate(scores: Value) -> list[Value]:
        (rows, _), data = scores
        return [((rows, 2), single([value for score in data for value in (other(score), score)]))]

    return operate


def plain(_: Step) -> Operate:
    """The scores in single precision."""
    return lambda scores: [(scores[0], single(scores[1]))]


def logistic(_: Step) -> Operate:
    """Each score by the logistic function."""

    def operate(scores: Value) -> list[Value]:
        data = single(scores[1])
        sizes = single([1.0 + size for size in single([exp(-abs(score)) for score in data])])
        shares = single([1.0 / size for size in sizes])
        found = [1.0 - share if score < 0 else share for score, share in zip(data, shares)]
        return [(scores[0], single(found))]

    return operate


def softmax(_: Step) -> Operate:
    """Each row's scores as shares of one, by their exponentials."""
    return _by_rows(lambda row, most: single([exp(score - most) for score in row]))


def softmax_zero(_: Step) -> Operate:
    """As softmax, but a score of zero has no share."""

    def shares(row: list[float], most: float) -> list[float]:
        return single([exp(score - most) if abs(score) > 1e-7 else score * exp(-most) for score in row])

    return _by_rows(shares)


def _by_rows(shares: Callable[[list[float], float], list[float]]) -> Operate:
    def operate(scores: Value) -> list[Value]:
        (rows, width), data = scores
        data, found = single(data), []
        for start in range(0, rows * width, width):
            row = data[start : start + width]
            parts = shares(row, max(row))
            total = sum(parts)
            found += [part / total if total else _NO_NUMBER for part in parts]
        return [(scores[0], single(found))]

    return operate
