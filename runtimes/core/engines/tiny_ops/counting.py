"""TfIdfVectorizer: how often each n-gram stands in a row of texts or numbers."""

from __future__ import annotations

from operator import mul

from runtimes.core.engines.tiny_ops.rounding import single

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtimes.core.engines.tiny import Operate, Step, Value

    # Of each way that an n-gram may begin what may follow, and the column that it is counted in (None: none).
    Ways = dict[Any, tuple["Ways", int | None]]


def n_grams(step: Step) -> Operate:
    """The counts, as they are or weighed, or only whether there are any."""
    with_ = step.attributes
    width, mode, skips = with_["width"], with_["mode"], with_["skips"]
    weights = step.constants[2][1] if len(step.constants) > 2 and step.constants[2] else [1.0] * width
    pool = step.constants[1]
    ways = _ways(pool[1] if pool else [], with_["starts"], with_["columns"])
    lengths = range(with_["shortest"], with_["longest"] + 1)

    def count(row: list[Any]) -> list[float]:
        found = [0.0] * width
        for length in lengths:
            # A single item has no gap: it is counted once, not once for each width of gap.
            for gap in range(1, (skips if length > 1 else 0) + 2):
                for start in range(len(row) - gap * (length - 1)):
                    column = _column(ways, row, start, gap, length)
                    if column is not None:
                        found[column] += 1.0
        if mode == "IDF":
            return [weight if number else 0.0 for number, weight in zip(found, weights)]
        return found if mode == "TF" else single(map(mul, found, weights))

    def operate(items: Value, *_: Value) -> list[Value]:
        shape, data = items
        if len(shape) == 1:
            return [((width,), count(data))]
        rows, size = shape
        lines = [data[row * size : (row + 1) * size] for row in range(rows)]
        return [((rows, width), [number for line in lines for number in count(line)])]

    return operate


def _column(ways: Ways, row: list[Any], start: int, gap: int, length: int) -> int | None:
    column = None
    for place in range(start, start + gap * length, gap):
        way = ways.get(row[place])
        if way is None:
            return None
        ways, column = way
    return column


def _ways(pool: list[Any], starts: list[int], columns: list[int]) -> Ways:
    ways: Ways = {}
    number = 0
    for length, (start, end) in enumerate(zip(starts, [*starts[1:], len(pool)]), 1):
        for at in range(start, end, length):
            here, gram = ways, pool[at : at + length]
            for item in gram[:-1]:
                here = here.setdefault(item, ({}, None))[0]
            following = here.get(gram[-1], ({}, None))[0]
            here[gram[-1]] = (following, columns[number])
            number += 1
    return ways
