"""Where the elements of a value lie, as an expression over a counter: no table where a rule is enough."""

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.intp]


def expression(places: Places, counter: str) -> str | None:
    """The place of element ``counter`` of a flat list of places; None where no short rule gives them."""
    if places.size == 1 or (places == places[0]).all():
        return str(places[0])
    step = stride_of(places)
    if step is not None:
        return _line(int(places[0]), step, counter)
    return _nested(places, counter)


def stride_of(places: Places) -> int | None:
    """How far apart neighbours are, where that is the same everywhere."""
    steps = np.diff(places)
    return int(steps[0]) if steps.size and (steps == steps[0]).all() else None if steps.size else 1


def _line(start: int, step: int, counter: str) -> str:
    if step < 0:
        return f"{start}u - {_times(counter, -step)}"
    ahead = _times(counter, step)
    return f"{start} + {ahead}" if start else ahead


def _times(counter: str, step: int) -> str:
    return counter if step == 1 else f"{_atom(counter)} * {step}"


def _atom(text: str) -> str:
    return text if text.isidentifier() or text.isdigit() else f"({text})"


def _nested(places: Places, counter: str) -> str | None:
    """Equal lines one after another: the place in the line, and where the line begins."""
    for length in _divisors(places.size):
        lines = places.reshape(-1, length)
        ahead = lines - lines[:, :1]
        if not (ahead == ahead[0]).all() or stride_of(ahead[0]) is None:
            continue
        starts, inner = lines[:, 0], stride_of(ahead[0]) or 0
        outer = expression(starts, f"{_atom(counter)} / {length}")
        if outer is None:
            return None
        if inner == 0:
            return outer
        within = _times(f"{_atom(counter)} % {length}", abs(inner))
        if inner < 0:
            return f"{outer}{'u' if outer.isdigit() else ''} - {within}"
        return within if outer == "0" else f"{outer} + {within}"
    return None


def _divisors(size: int) -> list[int]:
    """Of a size, from its half down to 2: the longest lines give the shortest rule."""
    small = [at for at in range(2, int(size**0.5) + 1) if size % at == 0]
    return sorted({*small, *(size // at for at in small)}, reverse=True)
