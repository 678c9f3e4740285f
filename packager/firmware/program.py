"""Reads `model.tiny` (`docs/contracts.md`): the steps of a model, each value with a number of its own."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from packager.errors import ConversionError

Array = NDArray[Any]
_MAGIC, _VERSION = b"TINYMODL", 1
_HEAD = len(_MAGIC) + 4


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the model."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    value: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``takes`` has -1 where an input is left out."""

    operator: str
    takes: tuple[int, ...]
    gives: tuple[int, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Program:
    """A model as a list of steps; ``constants`` by value (texts as object arrays), ``dtypes`` of all."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    constants: dict[int, Array]
    steps: tuple[Step, ...]
    dtypes: dict[int, str]


def read(path: Path) -> Program:
    """The program in a file that the worker wrote."""
    data = path.read_bytes()
    end = _HEAD + int.from_bytes(data[len(_MAGIC) : _HEAD], "little")
    if data[: len(_MAGIC)] != _MAGIC:
        raise ConversionError(f"{path} is not a model of the engine tiny")
    header = json.loads(data[_HEAD:end])
    if header["version"] != _VERSION:
        raise ConversionError(f"{path} has the version {header['version']}, and {_VERSION} is read here")
    return _Numbering(header).program(data[end:])


class _Numbering:
    """In the file a step's result takes the place of a value that is read no more; here each has its own."""

    def __init__(self, header: dict[str, Any]) -> None:
        self.header = header
        self.now: dict[int, int] = {}
        self.dtypes: dict[int, str] = {}

    def program(self, arrays: bytes) -> Program:
        header = self.header
        constants = {
            self._value(at): _constant(entry, arrays) for at, entry in enumerate(header["constants"])
        }
        inputs = tuple(self._port(entry, self._value(entry["id"])) for entry in header["inputs"])
        steps = tuple(self._steps())
        outputs = tuple(self._port(entry, self.now[entry["id"]]) for entry in header["outputs"])
        return Program(inputs, outputs, constants, steps, self.dtypes)

    def _steps(self) -> Iterator[Step]:
        for step in self.header["steps"]:
            takes = tuple(-1 if place < 0 else self.now[place] for place in step["in"])
            gives = tuple(self._value(place) for place in step["out"])
            yield Step(step["op"], takes, gives, step.get("with", {}))

    def _value(self, place: int) -> int:
        """A new number for what stands at a place from now on."""
        number = len(self.dtypes)
        self.now[place], self.dtypes[number] = number, self.header["dtypes"][place]
        return number

    def _port(self, entry: dict[str, Any], value: int) -> Port:
        return Port(entry["name"], entry["dtype"], tuple(entry["shape"]), value)


def _constant(entry: dict[str, Any], arrays: bytes) -> Array:
    shape = tuple(entry["shape"])
    if entry["dtype"] == "string":
        return np.array(entry["data"], dtype=object).reshape(shape)
    dtype = np.dtype(entry["dtype"]).newbyteorder("<")
    stored = arrays[entry["offset"] : entry["offset"] + entry["bytes"]]
    return np.frombuffer(stored, dtype).astype(entry["dtype"]).reshape(shape)
