"""What lowerings are written with: elementwise operators that broadcast, reductions, shapes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.tflite.writer import Shape, Value, Writer, known


class UncoveredError(Exception):
    """The graph asks for something that has no lowering; the text names it."""


@dataclass(frozen=True, slots=True)
class Node:
    """An ONNX node: its inputs as values (None where left out) and its attributes as Python values."""

    kind: str
    name: str
    inputs: tuple[Value | None, ...]
    attributes: dict[str, Any]

    def input(self, at: int) -> Value:
        value = self.inputs[at] if at < len(self.inputs) else None
        if value is None:
            raise UncoveredError(f"{self.kind} without its input {at}")
        return value

    def constant(self, at: int) -> Any:
        """The values of an input that must be known; None where it is left out."""
        if at >= len(self.inputs) or self.inputs[at] is None:
            return None
        array = self.input(at).array
        if array is None:
            raise UncoveredError(f"{self.kind} whose input {at} is computed")
        return array


class Kit:
    """The operators of TFLite that have a use here, with the sizes of what they give."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._described: dict[int, Shape] = {}

    def elementwise(self, code: str, *values: Value, dtype: str | None = None) -> Value:
        shape = broadcast(*(value.shape for value in values))
        return self.writer.op(code, list(values), dtype or values[0].dtype, shape)

    def cast(self, value: Value, dtype: str) -> Value:
        if value.dtype == dtype:
            return value
        if value.array is not None:
            return known(value.array.astype(dtype))
        return self.writer.op("CAST", [value], dtype, value.shape)

    def where(self, condition: Value, yes: Value, no: Value) -> Value:
        shape = broadcast(condition.shape, yes.shape, no.shape)
        return self.writer.op("SELECT_V2", [condition, yes, no], yes.dtype, shape)

    def is_nan(self, value: Value) -> Value:
        return self.elementwise("NOT_EQUAL", value, value, dtype="bool")

    def reduce(self, code: str, value: Value, axes: list[int], keep: bool) -> Value:
        places = sorted(axis % value.rank for axis in axes)
        kept = [1 if at in places else size for at, size in enumerate(value.shape)]
        shape = kept if keep else [size for at, size in enumerate(kept) if at not in places]
        where = known(np.array(places, np.int32))
        return self.writer.op(code, [value, where], value.dtype, tuple(shape), keepDims=keep)

    def arg(self, code: str, value: Value, axis: int) -> Value:
        """ARG_MAX or ARG_MIN, without the axis, as int64."""
        place = axis % value.rank
        shape = tuple(size for at, size in enumerate(value.shape) if at != place)
        kind = self.writer.dtype_code("int64")
        given = self.cast(value, "float32") if value.dtype == "bool" else value
        return self.writer.op(code, [given, known(np.int32(place))], "int64", shape, outputType=kind)

    def gather(self, value: Value, places: Value, axis: int = 0) -> Value:
        at = axis % value.rank
        if places.array is not None and value.shape[at] is not None:
            places = known(places.array % value.shape[at])
        shape = (*value.shape[:at], *places.shape, *value.shape[at + 1 :])
        return self.writer.op("GATHER", [value, places], value.dtype, shape, axis=at, batchDims=0)

    def concat(self, values: list[Value], axis: int) -> Value:
        at = axis % values[0].rank
        sizes = [value.shape[at] for value in values]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        shape = (*values[0].shape[:at], total, *values[0].shape[at + 1 :])
        given = [self._free(value) for value in values]
        return self.writer.op("CONCATENATION", given, values[0].dtype, shape, axis=at)

    def _free(self, value: Value) -> Value:
        if value.array is not None and value.rank and value.shape[0] == 1:
            raise UncoveredError("Concat of a constant row with computed ones")
        return value

    def reshape(self, value: Value, shape: Shape) -> Value:
        """At most one size is None: it follows the batch."""
        if value.array is not None and None not in shape:
            return known(value.array.reshape(shape))
        if sum(size is None for size in shape) > 1:
            raise UncoveredError("Reshape with more than one size that follows the batch")
        if None in value.shape and None not in shape:
            raise UncoveredError("Reshape to a fixed number of rows")
        target = known(np.array([-1 if size is None else size for size in shape], np.int32))
        return self.writer.op("RESHAPE", [value, target], value.dtype, shape)

    def product(self, value: Value, weights: Any, bias: Any = None) -> Value:
        """``value`` times a constant matrix [n, m], plus a constant row."""
        columns = np.ascontiguousarray(np.asarray(weights, np.float32).T)
        given = [self.cast(value, "float32"), known(columns)]
        if bias is not None:
            given.append(known(np.asarray(bias, np.float32).reshape(-1)))
        shape = (*value.shape[:-1], columns.shape[0])
        return self.writer.op("FULLY_CONNECTED", given, "float32", shape, keepNumDims=value.rank > 2)

    def softmax(self, value: Value) -> Value:
        return self.writer.op("SOFTMAX", [value], "float32", value.shape, beta=1.0)

    def shape_of(self, value: Value) -> Value:
        kind = self.writer.dtype_code("int64")
        made = self.writer.op("SHAPE", [value], "int64", (value.rank,), outType=kind)
        self._described[made.index] = value.shape
        return made

    def filled(self, shape: Value, fill: Value) -> Value:
        """A tensor of that shape, which was asked of another tensor."""
        if shape.index not in self._described:
            raise UncoveredError("ConstantOfShape with a computed shape")
        return self.writer.op("FILL", [shape, fill], fill.dtype, self._described[shape.index])

    def less_one(self, value: Value) -> Value:
        """1 - value."""
        return self.elementwise("SUB", known(np.float32(1)), value)


def broadcast(*shapes: Shape) -> Shape:
    """As numpy does it; what follows the batch wins over a size of one."""
    rank = max(len(shape) for shape in shapes)
    full = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(_wider(sizes) for sizes in zip(*full, strict=True))


def _wider(sizes: tuple[int | None, ...]) -> int | None:
    fixed = {size for size in sizes if size is not None and size != 1}
    if len(fixed) > 1 or (fixed and None in sizes):
        raise UncoveredError(f"sizes {sorted(fixed)} that do not go together with the batch free")
    return next(iter(fixed)) if fixed else (None if None in sizes else 1)


Lowering = Callable[[Kit, Node], list[Value]]
"""Writes a node's operators, and gives its outputs."""
