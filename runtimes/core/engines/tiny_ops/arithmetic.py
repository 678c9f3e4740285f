"""Operators on two numbers at a time, with their operands repeated to one shape."""

from __future__ import annotations

import operator

from runtimes.core.engines.tiny_ops.broadcasting import common_shape, repeated
from runtimes.core.engines.tiny_ops.rounding import rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from runtimes.core.engines.tiny import Operate, Step, Value


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


def add(step: Step) -> Operate:
    """Add."""
    return _binary(step, operator.add)


def subtract(step: Step) -> Operate:
    """Sub."""
    return _binary(step, operator.sub)


def multiply(step: Step) -> Operate:
    """Mul."""
    return _binary(step, operator.mul)
