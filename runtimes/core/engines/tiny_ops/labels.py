"""Tables of ai.onnx.ml that give each value another one, or a column for each category."""

from __future__ import annotations

from runtimes.core.errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtimes.core.engines.tiny import Operate, Step, Value


def exchange(step: Step) -> Operate:
    """LabelEncoder: of each value its partner, or the default; a table may have one for missing numbers."""
    (_, keys), (_, partners), (_, (default,)) = [known for known in step.constants[1:] if known]
    table = dict(zip(keys, partners))
    gap = [partner for key, partner in table.items() if key != key]
    find = table.get

    def operate(value: Value, *_: Value) -> list[Value]:
        shape, data = value
        if gap:
            return [(shape, [gap[0] if key != key else find(key, default) for key in data])]
        return [(shape, [find(key, default) for key in data])]

    return operate


def flags(step: Step) -> Operate:
    """OneHotEncoder: one column more, 1 at the place of the category."""
    count, strict = step.attributes["count"], step.attributes["strict"]
    known = step.constants[1]
    places = {key: place for place, key in enumerate(known[1] if known else ())}

    def operate(value: Value, *_: Value) -> list[Value]:
        shape, data = value
        found = [0.0] * (len(data) * count)
        for row, key in enumerate(data):
            place = places.get(key)
            if place is not None:
                found[row * count + place] = 1.0
            elif strict:
                raise ModelError("a category that the model does not know", about_input=True)
        return [((*shape, count), found)]

    return operate
