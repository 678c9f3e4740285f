"""The operators of plain ONNX that move values: selections, joints and shapes, with the batch left free."""

import math

import numpy as np

from packager.converters.tflite.lowering.kit import Kit, Lowering, Node, UncoveredError
from packager.converters.tflite.writer import Shape, Value, known


def _gather(kit: Kit, node: Node) -> list[Value]:
    return [kit.gather(node.input(0), node.input(1), int(node.attributes.get("axis", 0)))]


def _concat(kit: Kit, node: Node) -> list[Value]:
    values = [node.input(at) for at in range(len(node.inputs))]
    return [values[0]] if len(values) == 1 else [kit.concat(values, int(node.attributes["axis"]))]


def _reshape(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    target = [int(size) for size in node.constant(1)]
    sizes: list[int | None] = [
        value.shape[at] if size == 0 and not node.attributes.get("allowzero", 0) else size
        for at, size in enumerate(target)
    ]
    return [kit.reshape(value, resolved(value.shape, sizes))]


def resolved(shape: Shape, target: list[int | None]) -> Shape:
    """The target with its -1 replaced: by the batch, or by the size that is left."""
    if -1 not in target:
        return tuple(target)
    free = None in shape
    held = math.prod(size for size in shape if size is not None)
    named = math.prod(size for size in target if size is not None and size != -1)
    rest = None if free and None not in target else held // max(named, 1)
    return tuple(rest if size == -1 else size for size in target)


def _flatten(kit: Kit, node: Node) -> list[Value]:
    value, axis = node.input(0), int(node.attributes.get("axis", 1))
    if axis % max(value.rank, 1) != 1:
        raise UncoveredError("Flatten at another axis than 1")
    return [kit.reshape(value, resolved(value.shape, [value.shape[0], -1]))]


def _squeeze(kit: Kit, node: Node) -> list[Value]:
    value, given = node.input(0), node.attributes.get("axes", node.constant(1))
    if given is None:
        given = [at for at, size in enumerate(value.shape) if size == 1]
    places = {int(axis) % value.rank for axis in given}
    return [kit.reshape(value, tuple(size for at, size in enumerate(value.shape) if at not in places))]


def _unsqueeze(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    given = node.attributes.get("axes", node.constant(1))
    rank = value.rank + len(given)
    places = {int(axis) % rank for axis in given}
    sizes = iter(value.shape)
    return [kit.reshape(value, tuple(1 if at in places else next(sizes) for at in range(rank)))]


def _transpose(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    order = list(node.attributes.get("perm", reversed(range(value.rank))))
    shape = tuple(value.shape[at] for at in order)
    return [kit.writer.op("TRANSPOSE", [value, known(np.array(order, np.int32))], value.dtype, shape)]


def _shape(kit: Kit, node: Node) -> list[Value]:
    if node.attributes:
        raise UncoveredError("Shape of some dimensions")
    return [kit.shape_of(node.input(0))]


def _filled(kit: Kit, node: Node) -> list[Value]:
    fill = np.asarray(node.attributes.get("value", np.zeros(1, np.float32))).reshape(())
    return [kit.filled(node.input(0), known(fill))]


LOWERINGS: dict[str, Lowering] = {
    "Concat": _concat,
    "ConstantOfShape": _filled,
    "Flatten": _flatten,
    "Gather": _gather,
    "Reshape": _reshape,
    "Shape": _shape,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
