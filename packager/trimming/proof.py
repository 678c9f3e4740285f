"""Finds which of several changes can be made together: all at once first, by halves where that fails."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def prove(
    changes: Sequence[T], differs: Callable[[Sequence[T]], str | None]
) -> tuple[list[T], list[tuple[T, str]]]:
    """The changes that leave everything as it was, and the others, each with the reason.

    ``differs`` tries a set of changes and says what became different, or None. The set that is returned was
    tried as it is, in this order: a change is judged together with those that were kept before it.
    """
    kept: list[T] = []
    undone: list[tuple[T, str]] = []

    def take(group: Sequence[T]) -> None:
        if not group:
            return
        reason = differs([*kept, *group])
        if reason is None:
            kept.extend(group)
        elif len(group) == 1:
            undone.append((group[0], reason))
        else:
            half = len(group) // 2
            take(group[:half])
            take(group[half:])

    take(changes)
    return kept, undone
