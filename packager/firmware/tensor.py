"""A value of the model while its C is written: known numbers, or places in a buffer of the program."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.firmware.literals import C_TYPES
from packager.firmware.places import Places
from packager.firmware.program import Array

Shape = tuple[int, ...]


@dataclass(slots=True, eq=False)
class Buffer:
    """Numbers in memory while the model runs. ``is_one``: a single number, which is no array.

    ``first`` and ``last`` are the steps between which it is in use; ``over``: it may lie where these do,
    when they are read for the last time in the step that writes it.
    """

    name: str
    c_type: str
    size: int
    is_input: bool = False
    is_one: bool = False
    first: int = 0
    last: int = 0
    over: tuple["Buffer", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """Either ``array`` holds its numbers, or ``places`` says where in ``buffer`` each of them is.

    Both have its shape, so what moves numbers and changes none does so to places alike.
    """

    dtype: str
    array: Array | None = None
    buffer: Buffer | None = None
    places: Places | None = None

    @property
    def shape(self) -> Shape:
        """The sizes of its axes."""
        held = self.array if self.array is not None else self.places
        return held.shape if held is not None else ()

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def c_type(self) -> str:
        """The type of its numbers."""
        return C_TYPES[self.dtype]

    @property
    def held(self) -> Any:
        """What a move is done to: the numbers, or their places."""
        return self.array if self.array is not None else self.places

    def moved(self, held: Any) -> "Tensor":
        """The same numbers in another order, or some of them."""
        if self.array is not None:
            return Tensor(self.dtype, np.asarray(held))
        return Tensor(self.dtype, None, self.buffer, np.asarray(held))

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its buffer, in order."""
        return (
            self.buffer is not None
            and self.places is not None
            and self.size == self.buffer.size
            and bool((self.places.reshape(-1) == np.arange(self.size)).all())
        )


def known(array: Array, dtype: str | None = None) -> Tensor:
    """A tensor of known numbers."""
    return Tensor(dtype or array.dtype.name, array)


def whole(dtype: str, shape: Shape, buffer: Buffer) -> Tensor:
    """All of a buffer under a shape."""
    return Tensor(dtype, None, buffer, np.arange(buffer.size).reshape(shape))
