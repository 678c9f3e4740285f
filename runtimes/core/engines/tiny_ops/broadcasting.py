"""Values of different shapes brought to one, as the operators with two or more operands want them."""

from __future__ import annotations

from runtimes.core.errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Shape = tuple[int, ...]


def common_shape(one: Shape, other: Shape) -> Shape:
    """The shape that both are repeated to."""
    if len(one) < len(other):
        one = (1,) * (len(other) - len(one)) + one
    elif len(other) < len(one):
        other = (1,) * (len(one) - len(other)) + other
    for left, right in zip(one, other):
        if left not in (right, 1) and right != 1:
            message = f"the shapes {list(one)} and {list(other)} do not fit each other"
            raise ModelError(message, about_input=True)
    return tuple([right if left == 1 else left for left, right in zip(one, other)])


def repeated(shape: Shape, data: list[Any], target: Shape) -> list[Any]:
    """The data of ``shape`` repeated along its sizes of 1 to those of ``target``."""
    if shape == target:
        return data
    if 0 in target:
        return []
    shape = (1,) * (len(target) - len(shape)) + shape
    block = 1
    for have, want in zip(reversed(shape), reversed(target)):
        if have != want:
            data = _each_block(data, block, want)
        block *= want
    return data


def _each_block(data: list[Any], block: int, times: int) -> list[Any]:
    if len(data) == block:
        return data * times
    if block == 1:
        return [item for item in data for _ in range(times)]
    return [item for start in range(0, len(data), block) for item in data[start : start + block] * times]
