"""Texts as codes: a microcontroller compares whole numbers, and its program names them by an enumeration."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from packager.firmware.program import Array, Program

UNKNOWN = -1
"""Any text that the model does not name."""


@dataclass(slots=True)
class Texts:
    """Every text that a model names has a code; those of the classes come first: a label is its place."""

    known: dict[str, int] = field(default_factory=dict)

    def code(self, text: str) -> int:
        """The code of a text, a new one where it has none."""
        return self.known.setdefault(text, len(self.known))

    def codes(self, texts: Iterable[str]) -> Array:
        """The codes of a flat list of texts."""
        return np.array([self.code(text) for text in texts], dtype=np.int32)

    def of(self, array: Array) -> Array:
        """An array with its texts as codes; numbers stay."""
        return self.codes(array.reshape(-1)).reshape(array.shape) if array.dtype == object else array

    def sent(self, array: Array) -> Array:
        """Texts of a request as codes."""
        flat = [self.known.get(text, UNKNOWN) for text in array.reshape(-1)]
        return np.array(flat, dtype=np.int32).reshape(array.shape)


def compared_with(program: Program, value: int) -> list[str]:
    """The texts that an input of texts is compared with, or becomes, anywhere in the program."""
    derived, found = {value}, dict[str, None]()
    for step in program.steps:
        if derived.isdisjoint(step.takes):
            continue
        for taken in step.takes:
            constant = program.constants.get(taken)
            if constant is not None and constant.dtype == object:
                found.update(dict.fromkeys(constant.reshape(-1).tolist()))
        derived.update(given for given in step.gives if program.dtypes[given] == "string")
    return list(found)
