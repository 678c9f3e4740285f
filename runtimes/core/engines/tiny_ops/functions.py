"""Operators on one number at a time."""

from __future__ import annotations

import math
import operator

from runtimes.core.engines.tiny_ops.rounding import rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from runtimes.core.engines.tiny import Operate, Step, Value

_INFINITY = float("inf")
_NAN = float("nan")
_WHOLE_FROM = 2.0**52
"""From here on every double is a whole number."""
_LARGEST_POWER = 709.782712893384
"""Of e in double precision."""


def _unary(step: Step, function: Callable[[Any], Any]) -> Operate:
    finished = rounding(step.gives[0])

    def operate(value: Value) -> list[Value]:
        return [(value[0], finished(map(function, value[1])))]

    return operate


def _guarded(step: Step, function: Callable[[float], float], careful: Callable[[float], float]) -> Operate:
    """``careful`` computes the values where the C library's function raises."""
    quick, slow = _unary(step, function), _unary(step, careful)

    def operate(value: Value) -> list[Value]:
        try:
            return quick(value)
        except (ValueError, OverflowError):
            return slow(value)

    return operate


def negative(step: Step) -> Operate:
    """Neg."""
    return _unary(step, operator.neg)


def absolute(step: Step) -> Operate:
    """Abs."""
    return _unary(step, abs)


def inverted(step: Step) -> Operate:
    """Not."""
    return _unary(step, operator.not_)


def square_root(step: Step) -> Operate:
    """Sqrt."""
    return _guarded(step, math.sqrt, lambda x: _NAN if x < 0 else math.sqrt(x))


def exponential(step: Step) -> Operate:
    """Exp."""
    return _guarded(step, math.exp, lambda x: math.exp(x) if x <= _LARGEST_POWER or x != x else _INFINITY)


def logarithm(step: Step) -> Operate:
    """Log."""
    return _guarded(step, math.log, lambda x: math.log(x) if x > 0 or x != x else _NAN if x else -_INFINITY)


def hyperbolic_tangent(step: Step) -> Operate:
    """Tanh."""
    return _unary(step, math.tanh)


def error_function(step: Step) -> Operate:
    """Erf."""
    return _unary(step, math.erf)


def sigmoid(step: Step) -> Operate:
    """Sigmoid."""
    exp = math.exp

    def of(x: float) -> float:
        if x >= 0:
            return 1.0 / (1.0 + exp(-x))
        power = exp(x)
        return power / (1.0 + power)

    return _unary(step, of)


def softplus(step: Step) -> Operate:
    """Softplus."""
    exp, log1p = math.exp, math.log1p
    return _unary(step, lambda x: x + log1p(exp(-x)) if x > 0 else log1p(exp(x)))


def rectified(step: Step) -> Operate:
    """Relu, LeakyRelu: below zero ``slope`` x the value."""
    slope = step.attributes.get("slope", 0.0)
    if slope:
        return _unary(step, lambda x: x * slope if x < 0 else x)
    return _unary(step, lambda x: 0.0 if x < 0 else x)


def rounded_down(step: Step) -> Operate:
    """Floor."""
    return _unary(step, lambda x: x // 1 if x - x == 0 else x)


def rounded_up(step: Step) -> Operate:
    """Ceil."""
    return _unary(step, lambda x: -(-x // 1) if x - x == 0 else x)


def rounded(step: Step) -> Operate:
    """Round: halves to the even neighbour."""

    def of(x: float) -> float:
        size = abs(x)
        return math.copysign(size + _WHOLE_FROM - _WHOLE_FROM, x) if size < _WHOLE_FROM else x

    return _unary(step, of)


def sign(step: Step) -> Operate:
    """Sign."""
    return _unary(step, lambda x: x if x != x else (x > 0) - (x < 0))


def reciprocal(step: Step) -> Operate:
    """Reciprocal."""
    return _unary(step, lambda x: 1.0 / x if x else math.copysign(_INFINITY, x))


def is_nan(step: Step) -> Operate:
    """IsNaN."""
    return _unary(step, lambda x: x != x)


def is_infinite(step: Step) -> Operate:
    """IsInf, of the signs that ``signs`` holds."""
    found = frozenset([math.copysign(_INFINITY, sign) for sign in step.attributes["signs"]])
    return _unary(step, found.__contains__)


def clipped(step: Step) -> Operate:
    """Clip: the bounds are two more inputs, either left out."""
    finished = rounding(step.gives[0])

    def operate(value: Value, least: Value | None = None, most: Value | None = None) -> list[Value]:
        shape, data = value
        if least is not None:
            low = least[1][0]
            data = [low if number < low else number for number in data]
        if most is not None:
            high = most[1][0]
            data = [high if number > high else number for number in data]
        return [(shape, finished(data))]

    return operate
