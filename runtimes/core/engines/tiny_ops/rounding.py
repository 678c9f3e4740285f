"""What a dtype can hold: numbers as they are after a step of that dtype."""

from __future__ import annotations

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable

_CODES = {"int64": "q", "int32": "i"}
_EXACT = 1 << 53


def rounding(dtype: str) -> Callable[[Iterable[Any]], list[Any]]:
    """A function that makes a list of a step's results: single precision, or integers that wrap around."""
    if dtype == "float32":
        return single
    code = _CODES.get(dtype)
    if code is None:
        return list
    bits = 8 * array(code).itemsize

    def whole(numbers: Iterable[int]) -> list[int]:
        found = list(numbers)
        try:
            array(code, found)
        except OverflowError:
            half = 1 << (bits - 1)
            return [((number + half) & ((1 << bits) - 1)) - half for number in found]
        return found

    return whole


def single(numbers: Iterable[float]) -> list[float]:
    """The nearest number of single precision to each; beyond its range infinity."""
    return array("f", numbers).tolist()


def single_of_whole(numbers: list[int]) -> list[float]:
    """The same for integers. What no double holds would be rounded twice, were its last bits not made one."""
    found = [
        number if -_EXACT < number < _EXACT else (number & ~0xFFF) | (0x800 if number & 0xFFF else 0)
        for number in numbers
    ]
    return array("f", found).tolist()
