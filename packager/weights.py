"""Moves an ONNX model's large weights into a file beside it, which the engine maps instead of parsing.

Nothing is computed: the same bytes stand in another place, aligned as memory is. So the result is the same
on every machine, whatever its processor, and for every release of the engine.
"""

import hashlib
import mmap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from packager.converters import protobuf
from packager.model import ModelFile, Weights

FILE_NAME = "model.weights"
PAGE_BYTES = 4096
"""A tensor begins on a page, as mapping wants it. Smaller ones stay: among them are all that decide sizes."""
# The numbers of fields in ONNX' schema: a model's graph, a graph's weights, and of a tensor its bytes, where
# they are, and that they are elsewhere.
_GRAPH, _WEIGHT = 7, 5
_RAW, _ELSEWHERE, _PLACE = 9, 13, 14
_KEY, _VALUE = 1, 2
_IN_A_FILE = 1
_Change = Callable[[memoryview], Iterator[bytes | memoryview]]


def move_out(model: ModelFile, folder: Path) -> ModelFile:
    """The same model in ``folder`` with its weights beside it; as it was where none is as large as a page."""
    folder.mkdir(parents=True, exist_ok=True)
    graph, weights = folder / model.path.name, folder / FILE_NAME
    with model.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        data = memoryview(whole)
        with weights.open("wb") as sink:
            content = b"".join(_model(data, lambda tensor: _moved(tensor, sink)))
            moved_bytes = sink.tell()
        data.release()
    if not moved_bytes:
        weights.unlink()
        return model
    graph.write_bytes(content)
    return replace(
        model,
        path=graph,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        weights=Weights(weights, _digest(weights), moved_bytes, model.sha256),
    )


def bring_back(graph: Path) -> bytes:
    """The model as it was before its weights were moved out into the file beside ``graph``."""
    content, held = graph.read_bytes(), (graph.parent / FILE_NAME).read_bytes()
    return b"".join(_model(memoryview(content), lambda tensor: _whole(tensor, memoryview(held))))


def _model(data: memoryview, change: _Change) -> Iterator[bytes | memoryview]:
    """The model with each of its weights changed."""
    for number, value, field in protobuf.parts(data):
        if number == _GRAPH and not isinstance(value, int):
            yield protobuf.of_bytes(_GRAPH, b"".join(_graph(value, change)))
        else:
            yield field


def _graph(data: memoryview, change: _Change) -> Iterator[bytes | memoryview]:
    for number, value, field in protobuf.parts(data):
        if number == _WEIGHT and not isinstance(value, int):
            yield protobuf.of_bytes(_WEIGHT, b"".join(change(value)))
        else:
            yield field


def _moved(tensor: memoryview, sink: IO[bytes]) -> Iterator[bytes | memoryview]:
    for number, value, field in protobuf.parts(tensor):
        if number == _RAW and not isinstance(value, int) and len(value) >= PAGE_BYTES:
            sink.write(b"\0" * (-sink.tell() % PAGE_BYTES))
            yield from _reference(sink.tell(), len(value))
            sink.write(value)
        else:
            yield field


def _whole(tensor: memoryview, held: memoryview) -> Iterator[bytes | memoryview]:
    place: dict[str, str] = {}
    for number, value, field in protobuf.parts(tensor):
        if number == _ELSEWHERE and not isinstance(value, int):
            key, said = (
                bytes(part).decode() for _, part, _ in protobuf.parts(value) if not isinstance(part, int)
            )
            place[key] = said
        elif number == _PLACE and place:
            offset, length = int(place["offset"]), int(place["length"])
            yield protobuf.of_bytes(_RAW, bytes(held[offset : offset + length]))
        else:
            yield field


def _reference(offset: int, length: int) -> Iterator[bytes]:
    entries = (("location", FILE_NAME), ("offset", str(offset)), ("length", str(length)))
    for key, value in entries:
        pair = protobuf.of_bytes(_KEY, key.encode()) + protobuf.of_bytes(_VALUE, value.encode())
        yield protobuf.of_bytes(_ELSEWHERE, pair)
    yield protobuf.of_number(_PLACE, _IN_A_FILE)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
