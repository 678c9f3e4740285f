"""What the commands of a bundle take on their command lines."""

from __future__ import annotations

from argparse import ArgumentTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


def seconds(most: int) -> Callable[[str], float]:
    """Reads a duration in seconds, more than none and at most so many."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 < value <= most:
            raise ArgumentTypeError(f"{text!r} is no number of seconds up to {most}")
        return value

    return read
