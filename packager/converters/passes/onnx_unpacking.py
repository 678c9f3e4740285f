"""Nodes that make floats of stored integers, which the engine runs once, when it opens the model.

They are `Cast`, `Mul` and their like alone: every engine release has them for every opset and computes
them ahead (`DequantizeLinear` on a weight stays in the graph, and would run with each request). All steps
are exact but the last product, which every processor rounds alike.
"""

from typing import Any

import numpy as np

from packager.converters.passes.onnx_integers import Integers
from packager.converters.passes.onnx_weights import Weight
from packager.converters.tensors import Array

_HALF_BYTE = 16
_WORTH_PACKING = 4096
"""Two to a byte take seven nodes more; an archive packs small integers anyway."""


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


def unpacking(weight: Weight, integers: Integers, bits: int) -> tuple[list[Any], list[Any]]:
    """The nodes, of which the last gives the weight under its own name, and the tensors in its place."""
    made = _Nodes(weight.tensor.name)
    from_zero = integers.zeros
    if bits == 4 and weight.count >= _WORTH_PACKING and weight.count % 2 == 0:
        values, from_zero = _two_in_a_byte(made, integers)
    else:
        values = made.floats(made.store(integers.values, "int8"), "values")
    if from_zero is not None:
        zeros = made.floats(made.store(from_zero, "zeros"), "from")
        values = made.add("Sub", [values, zeros], "shifted")
    made.add("Mul", [values, made.store(integers.scales, "scales")], "scaled")
    if integers.values.shape != tuple(weight.tensor.dims):
        shape = made.store(np.array(weight.tensor.dims, dtype=np.int64), "shape")
        made.add("Reshape", [f"{made.name}_scaled", shape], "shaped")
    made.nodes[-1].output[0] = weight.tensor.name
    return made.nodes, made.stored


def _two_in_a_byte(made: _Nodes, integers: Integers) -> tuple[str, Array]:
    """The first half of all values in the low bits of bytes, the second in the high ones; and their zeros."""
    from onnx import TensorProto

    zeros = np.full((1,), _HALF_BYTE // 2, np.uint8) if integers.zeros is None else integers.zeros
    lifted = integers.values.astype(np.int16) + (_HALF_BYTE // 2 if integers.zeros is None else 0)
    low, high = np.split(lifted.ravel().astype(np.uint8), 2)
    both = made.floats(made.store(low | (high << 4), "int4"), "both")
    part = made.add("Mul", [both, made.store(np.array(1 / _HALF_BYTE, np.float32), "sixteenth")], "part")
    above = made.floats(made.add("Cast", [part], "floor", to=TensorProto.UINT8), "high")
    rest = made.add("Mul", [above, made.store(np.array(_HALF_BYTE, np.float32), "sixteen")], "above")
    below = made.add("Sub", [both, rest], "low")
    flat = made.add("Concat", [below, above], "flat", axis=0)
    shape = made.store(np.array(integers.values.shape, dtype=np.int64), "view")
    return made.add("Reshape", [flat, shape], "values"), zeros
