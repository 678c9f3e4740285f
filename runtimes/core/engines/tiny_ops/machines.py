"""Support vector machines of ai.onnx.ml: scores, and the shares of classes as libsvm makes them of votes."""

from __future__ import annotations

from math import exp, tanh
from operator import mul

from runtimes.core.engines.tiny_ops.rounding import single
from runtimes.core.errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from runtimes.core.engines.tiny import Operate, Step, Value

    Kernel = Callable[[list[float], list[float]], float]

_ROUNDS = 100


def shares(step: Step) -> Operate:
    """SVMClassifier with probabilities: the label that most votes are for, and a share for each class."""
    with_ = step.attributes
    labels, pairs = with_["labels"], _pairs(step)
    kernel = _kernel(with_["kernel"], *with_["parameters"])
    vectors, width = _vectors(step)
    classes = len(labels)

    def answer(row: list[float]) -> tuple[object, list[float]]:
        near = [kernel(row, vector) for vector in vectors]
        votes, odds = [0] * classes, [[0.0] * classes for _ in labels]
        for one, other, weights, rho, slope, shift in pairs:
            score = sum(map(mul, weights, near)) + rho
            votes[one if score > 0 else other] += 1
            share = min(max(1.0 - _logistic(score * slope + shift), 1e-7), 1 - 1e-7)
            odds[one][other], odds[other][one] = share, 1.0 - share
        return labels[votes.index(max(votes))], _coupled(odds)

    def operate(value: Value, *_: Value) -> list[Value]:
        found = [answer(row) for row in _rows(value, width)]
        together = single([share for _, row in found for share in row])
        return [((len(found),), [label for label, _ in found]), ((len(found), classes), together)]

    return operate


def regression(step: Step) -> Operate:
    """SVMRegressor: the weighed kernels and an offset; of one class only on which side that is."""
    with_ = step.attributes
    kernel, offset, sides = (
        _kernel(with_["kernel"], *with_["parameters"]),
        with_["offset"],
        with_["one_class"],
    )
    vectors, width = _vectors(step)
    weights = step.constants[2][1] if step.constants[2] else []

    def operate(value: Value, *_: Value) -> list[Value]:
        found = [
            sum(map(mul, weights, [kernel(row, vector) for vector in vectors])) + offset
            for row in _rows(value, width)
        ]
        if sides:
            found = [1.0 if score > 0 else -1.0 for score in found]
        return [((len(found), 1), single(found))]

    return operate


def _vectors(step: Step) -> tuple[list[list[float]], int]:
    """The support vectors, and their width."""
    shape, data = step.constants[1] or ((0, 1), [])
    return _lines(data, shape[1]), shape[1]


def _rows(value: Value, width: int) -> list[list[float]]:
    shape, data = value
    if shape[-1:] != (width,):
        raise ModelError(f"{width} columns are expected, not {list(shape)}", about_input=True)
    return _lines(data, width)


def _lines(data: list[float], width: int) -> list[list[float]]:
    return [data[start : start + width] for start in range(0, len(data), width)]


def _pairs(step: Step) -> list[tuple[int, int, list[float], float, float, float]]:
    """Of each two classes: the weights of all vectors (0 of other classes'), and what makes their score."""
    sizes = step.attributes["sizes"]
    (_, weights), (_, rho), (_, slopes), (_, shifts) = [known for known in step.constants[2:] if known]
    total, starts = sum(sizes), [sum(sizes[:at]) for at in range(len(sizes) + 1)]
    found: list[tuple[int, int, list[float], float, float, float]] = []
    for one in range(len(sizes)):
        for other in range(one + 1, len(sizes)):
            row = [0.0] * total
            for own, opposite in ((one, other - 1), (other, one)):
                part = slice(starts[own], starts[own + 1])
                row[part] = weights[opposite * total : (opposite + 1) * total][part]
            at = len(found)
            found.append((one, other, row, rho[at], slopes[at], shifts[at]))
    return found


def _kernel(name: str, gamma: float, shift: float, degree: float) -> Kernel:
    if name == "RBF":
        return lambda row, vector: exp(-gamma * sum([(one - other) ** 2 for one, other in zip(row, vector)]))
    if name == "POLY":
        return lambda row, vector: (gamma * sum(map(mul, row, vector)) + shift) ** degree
    if name == "SIGMOID":
        return lambda row, vector: tanh(gamma * sum(map(mul, row, vector)) + shift)
    return lambda row, vector: sum(map(mul, row, vector))


def _logistic(number: float) -> float:
    share = 1.0 / (1.0 + exp(-abs(number)))
    return share if number >= 0 else 1.0 - share


def _coupled(odds: list[list[float]]) -> list[float]:
    """One share for each class that fits the odds of every two best: Wu, Lin and Weng's second way."""
    count = len(odds)
    matrix = [[-odds[other][one] * odds[one][other] for other in range(count)] for one in range(count)]
    for one in range(count):
        matrix[one][one] = sum([odds[other][one] ** 2 for other in range(count) if other != one])
    found = [1.0 / count] * count
    for _ in range(_ROUNDS):
        slopes = [sum(map(mul, row, found)) for row in matrix]
        level = sum(map(mul, found, slopes))
        if max([abs(slope - level) for slope in slopes]) < 0.005 / count:
            break
        for one in range(count):
            change = (level - slopes[one]) / matrix[one][one]
            whole = 1.0 + change
            level = (level + change * (change * matrix[one][one] + 2 * slopes[one])) / whole / whole
            slopes = [(slope + change * weight) / whole for slope, weight in zip(slopes, matrix[one])]
            found[one] += change
            found = [share / whole for share in found]
    return found
