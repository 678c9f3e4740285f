"""Numbers of one dtype as those of another."""

from __future__ import annotations

from runtimes.core.engines.tiny_ops.rounding import rounding, single_of_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from runtimes.core.engines.tiny import Operate, Step, Value

_BITS = {"int64": 64, "int32": 32}


def cast(step: Step) -> Operate:
    """Cast between numbers and booleans."""
    convert = _conversion(step.takes[0], step.gives[0])

    def operate(value: Value) -> list[Value]:
        return [(value[0], convert(value[1]))]

    return operate


def _conversion(source: str | None, target: str) -> Callable[[list[Any]], list[Any]]:
    if target == "bool":
        return lambda data: [number != 0 for number in data]
    if target in _BITS:
        return _to_whole(_BITS[target]) if source in ("float32", "float64") else _wrapped(target)
    if target == "float32" and source == "int64":
        return single_of_whole
    finished = rounding(target)
    return lambda data: finished(map(float, data))


def _wrapped(target: str) -> Callable[[list[Any]], list[Any]]:
    finished = rounding(target)
    return lambda data: finished(map(int, data))


def _to_whole(bits: int) -> Callable[[list[float]], list[int]]:
    """Towards zero; what has no place in the dtype becomes the smallest number, as processors do it."""
    half = 1 << (bits - 1)

    def convert(data: list[float]) -> list[int]:
        return [int(number) if -half - 1 < number < half else -half for number in data]

    return convert
