"""Numbers that come again and again: a short table of them, and for each its place there."""

from dataclasses import dataclass

import numpy as np

from packager.firmware.literals import BYTES, unsigned_for
from packager.firmware.program import Array


@dataclass(frozen=True, slots=True)
class Palette:
    """The different numbers of an array, and the place of each of its own among them."""

    numbers: Array
    places: Array
    place_type: str

    @property
    def size_bytes(self) -> int:
        """What both tables take."""
        return self.numbers.nbytes + self.places.size * BYTES[self.place_type]


def palette(array: Array) -> Palette:
    """Told apart by their bits: 0 and -0 are two."""
    bits = array.view(f"u{array.itemsize}")
    _, firsts, places = np.unique(bits, return_index=True, return_inverse=True)
    return Palette(array[firsts], places, unsigned_for(max(len(firsts) - 1, 0)))


def packed_bytes(array: Array) -> int:
    """What an array takes at least: as it is, or by its palette."""
    return min(array.nbytes, palette(array).size_bytes) if array.size else 0
