"""Some of the user's own values, where the user asks for them: named fields alone, and only so many."""

from __future__ import annotations

import random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping

MOST_TEXT = 64
MOST_SAMPLES = 1000


class Samples:
    """A fair choice of at most ``most`` samples of an interval; of each, nothing but ``fields`` is kept."""

    __slots__ = ("_drawn", "_kept", "_seen", "fields", "most")

    def __init__(self, fields: Iterable[str], most: int = 20) -> None:
        self.fields = tuple(fields)
        if (
            isinstance(fields, str)
            or not self.fields
            or not all(isinstance(name, str) for name in self.fields)
        ):
            raise ValueError(f"fields is {fields!r}; name the fields that may leave the device: ['age', …]")
        if not 1 <= most <= MOST_SAMPLES:
            raise ValueError(f"most is {most}; it must be from 1 to {MOST_SAMPLES}")
        self.most = most
        self._drawn = random.Random()  # noqa: S311 - no secret
        self._kept: list[dict[str, object]] = []
        self._seen = 0

    def offer(self, values: Mapping[str, object]) -> None:
        """Perhaps keep this one: each of an interval has the same chance."""
        self._seen += 1
        place = len(self._kept) if len(self._kept) < self.most else self._drawn.randrange(self._seen)
        if place >= self.most:
            return
        sample = {name: _plain(values[name]) for name in self.fields if name in values}
        if place == len(self._kept):
            self._kept.append(sample)
        else:
            self._kept[place] = sample

    def document(self) -> dict[str, object] | None:
        """What was kept since ``clear``, as it stands in a summary; None where nothing was offered."""
        return {"seen": self._seen, "kept": list(self._kept)} if self._seen else None

    def clear(self) -> None:
        """Begin an interval with none."""
        self._kept, self._seen = [], 0


def _plain(value: object) -> object:
    """A number, a truth value or a short text; the kind of anything else."""
    if value is None or isinstance(value, (bool, int)):
        return value if not isinstance(value, int) or abs(value) < 1 << 63 else str(value)[:MOST_TEXT]
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, str):
        return value[:MOST_TEXT]
    return f"<{type(value).__name__}>"[:MOST_TEXT]
