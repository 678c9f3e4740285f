"""Nodes that make floats of stored integers, which the engine runs once, when it opens the model.

They are `Cast`, `Mul` and their like alone: every engine release has them for every opset and computes
them ahead (`DequantizeLinear` on a weight stays in the graph, and would run with each request). All steps
are exact but the last product, which every processor rounds alike.
"""

from typing import Any

import numpy as np

from packager.converters.passes.onnx_integers import Integers, halved
from packager.converters.passes.onnx_weights import Weight
from packager.converters.tensors import Array

_HALF_BYTE = 16
_WORTH_PACKING = 4096
"""Two to a byte take six nodes more; an archive packs small integers anyway."""


class _Nodes:
    """Nodes one after another, with the tensors that they read; all names begin with the weight's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Any] = []
        self.stored: list[Any] = []

    def store(self, array: Array, what: str) -> str:
        from onnx import numpy_helper

        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(array), f"{self.name}_{what}"))
        return f"{self.name}_{what}"

    def add(self, operator: str, inputs: list[str], what: str, **attributes: Any) -> str:
        from onnx import helper

        output = f"{self.name}_{what}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def floats(self, integers: str, what: str) -> str:
        from onnx import TensorProto

        return self.add("Cast", [integers], what, to=TensorProto.FLOAT)


def unpacking(weight: Weight, integers: Integers, axis: int | None) -> tuple[list[Any], list[Any]]:
    """The nodes, of which the last gives the weight under its own name, and the tensors in its place.

    ``axis``: the one along which integers of 4 bits lie two in a byte; None for a byte each.
    """
    from onnx import TensorProto

    made = _Nodes(weight.tensor.name)
    from_zero = integers.zeros
    if axis is not None and weight.count >= _WORTH_PACKING and integers.values.shape[axis] % 2 == 0:
        values, from_zero = _two_in_a_byte(made, integers, axis)
    else:
        values = made.floats(made.store(integers.values, "int8"), "values")
    if from_zero is not None:
        zeros = made.floats(made.store(from_zero, "zeros"), "from")
        values = made.add("Sub", [values, zeros], "shifted")
    made.add("Mul", [values, _scales(made, integers.scales)], "scaled")
    if integers.values.shape != tuple(weight.tensor.dims):
        shape = made.store(np.array(weight.tensor.dims, dtype=np.int64), "shape")
        made.add("Reshape", [f"{made.name}_scaled", shape], "shaped")
    if weight.tensor.data_type != TensorProto.FLOAT:
        made.add("Cast", [made.nodes[-1].output[0]], "whole", to=weight.tensor.data_type)
    made.nodes[-1].output[0] = weight.tensor.name
    return made.nodes, made.stored


def _scales(made: _Nodes, scales: Array) -> str:
    """In half precision where that is exact."""
    halves = halved(scales)
    if np.array_equal(halves.astype(np.float32), scales):
        return made.floats(made.store(halves, "halves"), "scales")
    return made.store(scales, "scales")


def _two_in_a_byte(made: _Nodes, integers: Integers, axis: int) -> tuple[str, Array]:
    """The first half of each block in the low bits of bytes, the second in the high ones; and their zeros."""
    from onnx import TensorProto

    zeros = np.full((1,), _HALF_BYTE // 2, np.uint8) if integers.zeros is None else integers.zeros
    lifted = integers.values.astype(np.int16) + (_HALF_BYTE // 2 if integers.zeros is None else 0)
    low, high = np.split(lifted.astype(np.uint8), 2, axis)
    both = made.floats(made.store(low | (high << 4), "int4"), "both")
    part = made.add("Mul", [both, made.store(np.array(1 / _HALF_BYTE, np.float32), "sixteenth")], "part")
    above = made.floats(made.add("Cast", [part], "floor", to=TensorProto.INT32), "high")
    rest = made.add("Mul", [above, made.store(np.array(_HALF_BYTE, np.float32), "sixteen")], "above")
    below = made.add("Sub", [both, rest], "low")
    return made.add("Concat", [below, above], "values", axis=axis), zeros
