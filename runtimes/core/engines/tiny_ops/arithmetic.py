"""Operators on two or more numbers at a time, with their operands repeated to one shape."""

from __future__ import annotations

import operator

from runtimes.core.engines.tiny_ops.broadcasting import common_shape, repeated
from runtimes.core.engines.tiny_ops.rounding import rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from runtimes.core.engines.tiny import Operate, Step, Value

_INFINITY = float("inf")


def _binary(step: Step, function: Callable[[Any, Any], Any]) -> Operate:
    finished = rounding(step.gives[0])

    def operate(one: Value, other: Value) -> list[Value]:
        shape, left = one
        if shape == other[0]:
            return [(shape, finished(map(function, left, other[1])))]
        shape = common_shape(shape, other[0])
        right = repeated(*other, shape)
        return [(shape, finished(map(function, repeated(*one, shape), right)))]

    return operate


def _many(step: Step, function: Callable[[Any, Any], Any]) -> Operate:
    """One after the other, each result rounded, as engines do."""
    pair = _binary(step, function)

    def operate(first: Value, *others: Value) -> list[Value]:
        found = first
        for other in others:
            (found,) = pair(found, other)
        return [found]

    return operate


def add(step: Step) -> Operate:
    """Add."""
    return _binary(step, operator.add)


def subtract(step: Step) -> Operate:
    """Sub."""
    return _binary(step, operator.sub)


def multiply(step: Step) -> Operate:
    """Mul."""
    return _binary(step, operator.mul)


def divide(step: Step) -> Operate:
    """Div of floats: by zero it is infinite, or no number."""
    quick, careful = _binary(step, operator.truediv), _binary(step, _quotient)

    def operate(one: Value, other: Value) -> list[Value]:
        try:
            return quick(one, other)
        except ZeroDivisionError:
            return careful(one, other)

    return operate


def divide_whole(step: Step) -> Operate:
    """Div of integers: towards zero."""
    return _binary(step, _whole_quotient)


def modulo(step: Step) -> Operate:
    """Mod of integers with the divisor's sign."""
    return _binary(step, operator.mod)


def power(step: Step) -> Operate:
    """Pow of a float."""
    from math import pow as raised

    quick, careful = _binary(step, raised), _binary(step, _power)

    def operate(one: Value, other: Value) -> list[Value]:
        try:
            return quick(one, other)
        except (ValueError, OverflowError):
            return careful(one, other)

    return operate


def maximum(step: Step) -> Operate:
    """Max: a NaN goes through."""
    return _many(step, lambda one, other: one if one >= other or one != one else other)


def minimum(step: Step) -> Operate:
    """Min: a NaN goes through."""
    return _many(step, lambda one, other: one if one <= other or one != one else other)


def total(step: Step) -> Operate:
    """Sum."""
    return _many(step, operator.add)


def equal(step: Step) -> Operate:
    """Equal."""
    return _binary(step, operator.eq)


def greater(step: Step) -> Operate:
    """Greater."""
    return _binary(step, operator.gt)


def greater_or_equal(step: Step) -> Operate:
    """GreaterOrEqual."""
    return _binary(step, operator.ge)


def less(step: Step) -> Operate:
    """Less."""
    return _binary(step, operator.lt)


def less_or_equal(step: Step) -> Operate:
    """LessOrEqual."""
    return _binary(step, operator.le)


def both(step: Step) -> Operate:
    """And."""
    return _binary(step, operator.and_)


def either(step: Step) -> Operate:
    """Or."""
    return _binary(step, operator.or_)


def one_alone(step: Step) -> Operate:
    """Xor."""
    return _binary(step, operator.xor)


def _quotient(one: float, other: float) -> float:
    if other:
        return one / other
    if one == 0 or one != one:
        return float("nan")
    negative = (one < 0) != (str(other)[0] == "-")
    return -_INFINITY if negative else _INFINITY


def _whole_quotient(one: int, other: int) -> int:
    found = abs(one) // abs(other)
    return found if (one < 0) == (other < 0) else -found


def _power(one: float, other: float) -> float:
    """Where ``math.pow`` raises: too large, a pole, or no real number."""
    from math import copysign
    from math import pow as raised

    try:
        return raised(one, other)
    except OverflowError:
        return -_INFINITY if one < 0 and other % 2 == 1 else _INFINITY
    except ValueError:
        if one:
            return float("nan")
        return copysign(_INFINITY, one) if other % 2 == 1 else _INFINITY
