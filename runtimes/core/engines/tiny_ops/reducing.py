"""Many numbers made one: sums, means, extremes along axes, and what keeps the shape (Softmax, CumSum)."""

from __future__ import annotations

from itertools import accumulate

from runtimes.core.engines.tiny_ops.axes import line_slices, size_of, transposed
from runtimes.core.engines.tiny_ops.rounding import rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from runtimes.core.engines.tiny import Operate, Step, Value

_INFINITY = float("inf")


def _reduction(step: Step, function: Callable[[list[Any]], Any]) -> Operate:
    """Over the axes of ``axes`` (None: all), which stay as sizes of 1 if ``keep``."""
    finished = rounding(step.gives[0])
    wanted, keep = step.attributes["axes"], step.attributes["keep"]

    def operate(value: Value, _: Value | None = None) -> list[Value]:
        shape, data = value
        rank = len(shape)
        axes = sorted([axis % rank for axis in wanted]) if wanted is not None else list(range(rank))
        kept = tuple([1 if axis in axes else size for axis, size in enumerate(shape)])
        target = kept if keep else tuple([size for axis, size in enumerate(shape) if axis not in axes])
        if not axes:
            return [(target, finished([function([number]) for number in data]))]
        if axes[-1] - axes[0] != len(axes) - 1:
            others = [axis for axis in range(rank) if axis not in axes]
            shape, data = transposed(shape, data, others + axes)
            axes = list(range(len(others), rank))
        lines = line_slices(shape, axes[0], axes[-1] + 1)
        return [(target, finished([function(data[line]) for line in lines]))]

    return operate


def total(step: Step) -> Operate:
    """ReduceSum."""
    return _reduction(step, sum)


def mean(step: Step) -> Operate:
    """ReduceMean."""
    return _reduction(step, lambda line: sum(line) / len(line) if line else float("nan"))


def largest(step: Step) -> Operate:
    """ReduceMax."""
    return _reduction(step, _extreme(step, max, -_INFINITY))


def smallest(step: Step) -> Operate:
    """ReduceMin."""
    return _reduction(step, _extreme(step, min, _INFINITY))


def sum_of_sizes(step: Step) -> Operate:
    """ReduceL1."""
    return _reduction(step, lambda line: sum(map(abs, line)))


def length(step: Step) -> Operate:
    """ReduceL2."""
    from math import sqrt

    return _reduction(step, lambda line: sqrt(sum([number * number for number in line])))


def sum_of_squares(step: Step) -> Operate:
    """ReduceSumSquare."""
    return _reduction(step, lambda line: sum([number * number for number in line]))


def product(step: Step) -> Operate:
    """ReduceProd."""
    return _reduction(step, _product)


def log_of_sum(step: Step) -> Operate:
    """ReduceLogSum."""
    return _reduction(step, lambda line: _logarithm(sum(line)))


def log_of_sum_of_powers(step: Step) -> Operate:
    """ReduceLogSumExp."""
    return _reduction(step, _log_sum_exp)


def softmax(step: Step) -> Operate:
    """Softmax along ``axis``, or with ``flat`` over all axes from there on."""
    return _along(step, _softmax)


def log_softmax(step: Step) -> Operate:
    """LogSoftmax, as Softmax."""
    return _along(step, _log_softmax)


def running_total(step: Step) -> Operate:
    """CumSum."""
    exclusive, reverse = step.attributes["exclusive"], step.attributes["reverse"]

    def of(line: list[Any]) -> list[Any]:
        line = line[::-1] if reverse else line
        sums = [0, *accumulate(line[:-1])] if exclusive else list(accumulate(line))
        return sums[::-1] if reverse else sums

    return _along(step, of)


def _along(step: Step, function: Callable[[list[Any]], list[Any]]) -> Operate:
    finished = rounding(step.gives[0])
    wanted, flat = step.attributes["axis"], step.attributes.get("flat", False)

    def operate(value: Value, _: Value | None = None) -> list[Value]:
        shape, data = value
        made = data.copy()
        axis = wanted % len(shape)
        if size_of(shape):
            for line in line_slices(shape, axis, len(shape) if flat else axis + 1):
                made[line] = function(data[line])
        return [(shape, finished(made))]

    return operate


def _softmax(line: list[float]) -> list[float]:
    powers = _powers(line, max(line))
    whole = sum(powers)
    return [power / whole for power in powers]


def _log_softmax(line: list[float]) -> list[float]:
    largest = max(line)
    rest = _logarithm(sum(_powers(line, largest))) + largest
    return [number - rest for number in line]


def _log_sum_exp(line: list[float]) -> float:
    largest = max(line, default=-_INFINITY)
    if largest - largest != 0:  # infinite, or no number
        return largest
    return _logarithm(sum(_powers(line, largest))) + largest


def _powers(line: list[float], largest: float) -> list[float]:
    from math import exp

    return [exp(number - largest) for number in line]


def _logarithm(number: float) -> float:
    from math import log

    return log(number) if number > 0 or number != number else float("nan") if number else -_INFINITY


def _product(line: list[Any]) -> Any:
    found = 1
    for number in line:
        found *= number
    return found


def _extreme(step: Step, function: Callable[[list[Any]], Any], of_none: float) -> Callable[[list[Any]], Any]:
    """A NaN goes through. ``of_none``: what no numbers at all have, unless they are whole."""
    whole = step.gives[0] in ("int64", "int32")

    def of(line: list[Any]) -> Any:
        for number in line:
            if number != number:
                return number
        return function(line) if line or whole else of_none

    return of
