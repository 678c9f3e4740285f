"""Writes the engine's model file: magic, a JSON header, then constants as aligned little-endian arrays."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.tiny.node import Array, Step, Value

MAGIC = b"TINYMODL"
VERSION = 1
_ALIGNED = 8


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the model."""

    name: str
    shape: tuple[int | str, ...]
    value: Value


@dataclass(frozen=True, slots=True)
class Written:
    """A model file, and the modules of the runtime's `tiny_ops` that it needs."""

    data: bytes
    modules: tuple[str, ...]


def write(inputs: list[Port], outputs: list[Port], steps: list[Step]) -> Written:
    """The file of the steps that the outputs depend on."""
    steps = _needed(outputs, steps)
    constants = _constants(outputs, steps)
    places, dtypes = _places(constants, inputs, outputs, steps)
    arrays = bytearray()
    header = {
        "version": VERSION,
        "inputs": [_port(port, places) for port in inputs],
        "outputs": [_port(port, places) for port in outputs],
        "constants": [_constant(value, arrays) for value in constants],
        "values": len(dtypes),
        "dtypes": dtypes,
        "steps": [_step(step, places) for step in steps],
    }
    text = json.dumps(header, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    text += b" " * (-(len(MAGIC) + 4 + len(text)) % _ALIGNED)
    data = MAGIC + len(text).to_bytes(4, "little") + text + bytes(arrays)
    return Written(data, tuple(sorted({step.operator.partition(".")[0] for step in steps})))


def _needed(outputs: list[Port], steps: list[Step]) -> list[Step]:
    wanted = {id(port.value) for port in outputs}
    kept = []
    for step in reversed(steps):
        if any(id(value) in wanted for value in step.gives):
            wanted |= {id(value) for value in step.takes if value is not None}
            kept.append(step)
    return kept[::-1]


def _constants(outputs: list[Port], steps: list[Step]) -> list[Value]:
    used: Iterable[Value | None] = (
        *(value for step in steps for value in step.takes), *(port.value for port in outputs)
    )  # fmt: skip
    return list(
        {id(value): value for value in used if value is not None and value.array is not None}.values()
    )


def _places(
    constants: list[Value], inputs: list[Port], outputs: list[Port], steps: list[Step]
) -> tuple[dict[int, int], list[str]]:
    """The place of each value, and the dtypes of the places. A step's results take those of values that no
    later step reads: a long text would else be held once for each step."""
    fixed = [*constants, *(port.value for port in inputs)]
    places, dtypes = {id(value): at for at, value in enumerate(fixed)}, [value.dtype for value in fixed]
    kept = {id(value) for value in (*constants, *(port.value for port in outputs))}
    last = {id(value): at for at, step in enumerate(steps) for value in (*step.takes, *step.gives) if value}
    free: dict[str, list[int]] = {}
    for at, step in enumerate(steps):
        for value in step.gives:
            unused = free.get(value.dtype)
            places[id(value)] = unused.pop() if unused else len(dtypes)
            if places[id(value)] == len(dtypes):
                dtypes.append(value.dtype)
        read = {id(value): value for value in (*step.takes, *step.gives) if value is not None}
        for key, value in read.items():
            if last[key] == at and key not in kept:
                free.setdefault(value.dtype, []).append(places[key])
    return places, dtypes


def _port(port: Port, places: dict[int, int]) -> dict[str, Any]:
    return {
        "id": places[id(port.value)],
        "name": port.name,
        "dtype": port.value.dtype,
        "shape": list(port.shape),
    }


def _constant(value: Value, arrays: bytearray) -> dict[str, Any]:
    array = value.array
    assert array is not None  # noqa: S101 - its caller chose it for that
    described = {"dtype": value.dtype, "shape": list(array.shape)}
    if value.dtype == "string":
        return {**described, "data": [str(text) for text in array.reshape(-1)]}
    start, stored = len(arrays), _little_endian(array)
    arrays += stored + bytes(-len(stored) % _ALIGNED)
    return {**described, "offset": start, "bytes": len(stored)}


def _little_endian(array: Array) -> bytes:
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C").tobytes()


def _step(step: Step, places: dict[int, int]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "op": step.operator,
        "in": [-1 if value is None else places[id(value)] for value in step.takes],
        "out": [places[id(value)] for value in step.gives],
    }
    return {**written, "with": step.attributes} if step.attributes else written
