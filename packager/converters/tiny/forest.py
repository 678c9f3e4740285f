"""Tree ensembles as the runtime reads them: inner nodes and leaves as columns, children before parents."""

from dataclasses import dataclass, field

import numpy as np

from packager.converters.tiny.node import Array, UncoveredError, Value, known
from packager.converters.tiny.questions import Asked, Steps, steps_of

Weights = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Trees as their file has them. ``nodes`` are None at the places of leaves, whose weights for each
    target stand in ``leaves``; ``single``: compared and added in single precision."""

    nodes: list[Asked | None]
    leaves: dict[int, Weights]
    roots: list[int]
    targets: int
    base: tuple[float, ...]
    single: bool


@dataclass(slots=True)
class _Layout:
    ensemble: Ensemble
    columns: int
    placed: dict[int, int] = field(default_factory=dict)
    """Of each node that is written: the place of a leaf, or -1 - the place of an inner node."""
    payloads: dict[Weights, int] = field(default_factory=dict)
    inner: list[tuple[int, float, int, int]] = field(default_factory=list)
    gaps: bool = False


def laid_out(ensemble: Ensemble, pairs: bool) -> tuple[list[Value], int, bool]:
    """The constants that `trees` of the runtime takes behind the rows; how many columns it reads of a row,
    and whether any node answers a missing value with yes."""
    columns = 1 + max((asked.column for asked in ensemble.nodes if asked), default=-1)
    layout = _Layout(ensemble, max(columns, 1))
    for root in ensemble.roots:
        _write(layout, root)
    return _constants(layout, pairs), layout.columns, layout.gaps


def _write(layout: _Layout, root: int) -> None:
    """A tree, children first; trees may be deeper than Python's own stack."""
    waiting: list[tuple[int, Steps | None]] = [(root, None)]
    under_way: set[int] = set()
    while waiting:
        place, steps = waiting.pop()
        if steps is not None:
            layout.placed[place] = _halved(layout, steps, 0, len(steps.exits), gap=True)
            under_way.discard(place)
        elif place in layout.placed:
            continue
        elif layout.ensemble.nodes[place] is None:
            weights = layout.ensemble.leaves.get(place, ())
            layout.placed[place] = layout.payloads.setdefault(weights, len(layout.payloads))
        elif place in under_way:
            raise UncoveredError("trees that go in circles")
        else:
            under_way.add(place)
            asked = steps_of(place, layout.ensemble.nodes, layout.ensemble.single)
            waiting.append((place, asked))
            waiting += [(child, None) for child in {*asked.exits, asked.missing}]


def _halved(layout: _Layout, steps: Steps, start: int, end: int, *, gap: bool) -> int:
    """The place of a node that leads to the exits from ``start`` to before ``end``."""
    first, last = steps.exits[0], steps.exits[-1]
    if gap and steps.missing not in (first, last):
        rest = _halved(layout, steps, start, end, gap=False)
        # Only a missing value is not at most infinity.
        return _inner(layout, steps.column, float("inf"), rest, layout.placed[steps.missing])
    if end - start == 1:
        return layout.placed[steps.exits[start]]
    # With few exits the first bound is asked first, as it was grown.
    middle = start + 1 if end - start < 4 else (start + end) // 2
    yes = _halved(layout, steps, start, middle, gap=False)
    no = _halved(layout, steps, middle, end, gap=False)
    column = steps.column
    if steps.missing != last and steps.missing == first:
        layout.gaps, column = True, column + layout.columns
    return _inner(layout, column, steps.bounds[middle - 1], yes, no)


def _inner(layout: _Layout, column: int, bound: float, yes: int, no: int) -> int:
    layout.inner.append((column, bound, yes, no))
    return -len(layout.inner)


def _constants(layout: _Layout, pairs: bool) -> list[Value]:
    leaves = len(layout.payloads)

    def place(found: int, here: int) -> int:
        """Leaves by their place, inner nodes counted back from ``here``, where the parent will stand."""
        return found if found >= 0 else -found - 1 - here

    links = [(place(yes, at), place(no, at)) for at, (_, _, yes, no) in enumerate(layout.inner)]
    found = [layout.placed[root] for root in layout.ensemble.roots]
    roots = [at if at >= 0 else leaves - at - 1 for at in found]
    weights = [pair for payload in layout.payloads for pair in payload]
    constants = [
        _whole([column for column, *_ in layout.inner]),
        _floats([bound for _, bound, *_ in layout.inner]),
        _whole([yes for yes, _ in links]),
        _whole([no for _, no in links]),
        _whole(roots),
        _floats([weight for _, weight in weights]),
    ]
    if pairs:
        constants += [
            _whole([len(payload) for payload in layout.payloads]),
            _whole([target for target, _ in weights]),
        ]
    return [known(array) for array in constants]


def _floats(numbers: list[float]) -> Array:
    """In single precision where that holds them: what is known is read into Python's own numbers."""
    double = np.array(numbers, dtype=np.float64)
    with np.errstate(over="ignore"):
        single = double.astype(np.float32)
    return single if np.array_equal(single, double) else double


def _whole(numbers: list[int]) -> Array:
    """In the narrowest integers that hold them."""
    lowest, highest = min(numbers, default=0), max(numbers, default=0)
    for name in ("uint8", "int8", "uint16", "int16", "int32"):
        limits = np.iinfo(name)
        if limits.min <= lowest and highest <= limits.max:
            return np.array(numbers, dtype=name)
    raise UncoveredError(f"trees of {highest} nodes")
