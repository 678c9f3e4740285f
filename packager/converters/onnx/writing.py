"""Writes a model as a protocol buffer weight by weight: serialized at once it would be in memory thrice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packager.converters import protobuf

# Numbers of the fields that hold what is large: the graph in a model, the weights in a graph.
_GRAPH, _WEIGHTS = 7, 5


def write(model: Any, dest: Path) -> None:
    """The bytes of the model's own serialization, in its order; the file appears whole."""
    beside = dest.with_name(dest.name + ".part")
    with beside.open("wb") as file:
        for part in _model(model):
            file.write(part)
    beside.replace(dest)


def _model(model: Any) -> Iterator[bytes]:
    before, after = _around(model, _GRAPH)
    graph_before, graph_after = _around(model.graph, _WEIGHTS)
    yield before
    sizes = [tensor.ByteSize() for tensor in model.graph.initializer]
    heads = [protobuf.head(_WEIGHTS, size) for size in sizes]
    total = len(graph_before) + sum(map(len, heads)) + sum(sizes) + len(graph_after)
    yield protobuf.head(_GRAPH, total) + graph_before
    for head, tensor in zip(heads, model.graph.initializer, strict=True):
        yield head
        yield tensor.SerializeToString(deterministic=True)
    yield graph_after + after


def _around(message: Any, large: int) -> tuple[bytes, bytes]:
    """All fields before the large one, and all after it."""
    halves = type(message)(), type(message)()
    for field, held in message.ListFields():
        if field.number == large:
            continue
        half = halves[field.number > large]
        if hasattr(held, "extend") and not isinstance(held, bytes | str):
            getattr(half, field.name).extend(held)
        elif field.message_type is not None:
            getattr(half, field.name).CopyFrom(held)
        else:
            setattr(half, field.name, held)
    before, after = (half.SerializePartialToString(deterministic=True) for half in halves)
    return before, after
