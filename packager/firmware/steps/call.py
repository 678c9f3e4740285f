"""What the writer of a step is given: its inputs as tensors, what it gives, and the program so far."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.firmware.places import stride_of
from packager.firmware.program import Array
from packager.firmware.tensor import Shape, Tensor
from packager.firmware.texts import Texts
from packager.firmware.writer import Writer


class UnwritableError(Exception):
    """C cannot say this; the text fits behind "C has no "."""


@dataclass(frozen=True, slots=True)
class Call:
    """One step of the program."""

    operator: str
    takes: tuple[Tensor | None, ...]
    gives: tuple[str, ...]
    attributes: dict[str, Any]
    out: Writer
    texts: Texts

    def input(self, at: int) -> Tensor:
        """The input at a place where the step has one."""
        tensor = self.takes[at] if at < len(self.takes) else None
        if tensor is None:
            raise UnwritableError(f"{self.operator} without its input {at}")
        return tensor

    def array(self, at: int) -> Array | None:
        """The numbers of an input that must be known before the model runs; None: it is left out."""
        if at >= len(self.takes) or self.takes[at] is None:
            return None
        array = self.input(at).array
        if array is None:
            raise UnwritableError(f"sizes or places that the input decides ({self.operator})")
        return array

    def fresh(self, shape: Shape, at: int = 0, over: tuple[Tensor, ...] = ()) -> Tensor:
        """A buffer for what the step gives."""
        if 0 in shape:
            raise UnwritableError(f"values without elements ({self.operator})")
        return self.out.fresh(self.gives[at], shape, over)

    def labels(self) -> Array:
        """The labels that the step answers, texts as their codes."""
        labels = self.attributes["labels"]
        if self.gives[0] == "string":
            return self.texts.codes(labels)
        return np.array(labels, dtype=self.gives[0])


Emitter = Callable[[Call], list[Tensor]]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a tensor along some of its axes: where each begins in ``name``, how long they are, and how
    far apart neighbours in them lie."""

    name: str
    starts: Array
    count: int
    stride: int

    def element(self, out: Writer, line: str, place: str) -> str:
        """One element, by expressions of the line and of the place in it."""
        start = out.place(self.starts, line) if self.starts.any() else ""
        ahead = place if self.stride == 1 else f"{place} * {self.stride}"
        return f"{self.name}[{start + ' + ' if start else ''}{ahead}]"


def lines_of(out: Writer, tensor: Tensor, axes: list[int]) -> Lines:
    """The lines along these axes, in the order of the others; copied where no stride leads through them."""
    if not tensor.size:
        raise UnwritableError("lines along an axis without elements")
    rank = len(tensor.shape)
    others = [axis for axis in range(rank) if axis not in axes]
    count = int(np.prod([tensor.shape[axis] for axis in axes], dtype=np.int64))
    turned = tensor.moved(np.transpose(tensor.held, [*others, *axes]).reshape(-1, count))
    places = turned.places
    if places is None:
        places = np.arange(turned.size).reshape(-1, count)
    strides = {stride_of(line - line[0]) for line in places}
    stride = strides.pop()
    if strides or stride is None or stride < 1:
        turned = out.copied(turned)
        places, stride = np.arange(turned.size).reshape(-1, count), 1
    return Lines(out.name(turned), places[:, 0], count, stride)


def axis_of(call: Call, shape: Shape) -> int:
    """The attribute ``axis``, counted from the front."""
    return int(call.attributes["axis"]) % max(len(shape), 1)
