"""Lowerings of the operators that move values and change none."""

import numpy as np

from packager.converters.tiny.node import WHOLE, Array, Lowering, Node, UncoveredError, Value, known


def _reshape(node: Node) -> list[Value]:
    node.only(allowzero=...)
    value, zero = node.input(0), bool(node.attribute("allowzero", 0))
    return node.step("shapes.reshape", [value, node.demand(1, *WHOLE)], value.dtype, zero=zero)


def _flatten(node: Node) -> list[Value]:
    node.only(axis=...)
    value = node.input(0)
    return node.step("shapes.flatten", [value], value.dtype, axis=node.attribute("axis", 1))


def _squeezing(function: str) -> Lowering:
    def lower(node: Node) -> list[Value]:
        node.only(axes=...)
        value, axes = node.input(0), _whole(node, 1, "axes")
        return node.step(f"shapes.{function}", [value], value.dtype, axes=axes)

    return lower


def _transpose(node: Node) -> list[Value]:
    node.only(perm=...)
    value = node.input(0)
    return node.step("shapes.transpose", [value], value.dtype, order=node.attribute("perm"))


def _concat(node: Node) -> list[Value]:
    node.only(axis=...)
    values = [node.input(at) for at in range(len(node.inputs))]
    if len({value.dtype for value in values}) != 1:
        raise UncoveredError("Concat of several dtypes")
    if len(values) == 1:
        return values
    return node.step("shapes.concat", values, values[0].dtype, axis=node.attribute("axis", 1))


def _split(node: Node) -> list[Value]:
    node.only(axis=..., split=..., num_outputs=...)
    value, axis = node.input(0), node.attribute("axis", 0)
    gives = [value.dtype] * node.outputs
    return node.step("shapes.split", [value], *gives, axis=axis, sizes=_whole(node, 1, "split"))


def _slice(node: Node) -> list[Value]:
    node.only(starts=..., ends=..., axes=...)
    value = node.input(0)
    if "starts" in node.attributes:  # before opset 10
        given = [np.array(node.attribute(name), np.int64) for name in ("starts", "ends")]
        axes = node.attribute("axes", list(range(len(given[0]))))
        return _sliced(node, value, [known(array) for array in (*given, np.array(axes, np.int64))])
    return _sliced(
        node, value, [node.demand(at, *WHOLE) for at in range(1, len(node.inputs)) if node.inputs[at]]
    )


def _sliced(node: Node, value: Value, rest: list[Value]) -> list[Value]:
    return node.step("shapes.cut", [value, *rest], value.dtype)


def _by_values(function: str) -> Lowering:
    """Of operators whose second input says what comes of the first."""

    def lower(node: Node) -> list[Value]:
        node.only()
        value = node.input(0)
        return node.step(f"shapes.{function}", [value, node.demand(1, *WHOLE)], value.dtype)

    return lower


def _shape(node: Node) -> list[Value]:
    node.only(start=..., end=...)
    start, end = node.attribute("start", 0), node.attribute("end")
    return node.step("shapes.shape_of", [node.input(0)], "int64", start=start, end=end)


def _constant_of_shape(node: Node) -> list[Value]:
    node.only(value=...)
    item: Array = np.asarray(node.attribute("value", np.zeros(1, np.float32)))
    found = known(item)
    return node.step("shapes.constant_of_shape", [node.demand(0, *WHOLE)], found.dtype, value=item.tolist())


def _range(node: Node) -> list[Value]:
    node.only()
    ends = [node.demand(at, *WHOLE) for at in range(3)]
    return node.step("shapes.counted", list(ends), ends[0].dtype)


def _whole(node: Node, at: int, name: str) -> list[int] | None:
    """Whole numbers that are an attribute in old opsets and a constant input in new ones."""
    given = node.constant(at)
    found = [int(number) for number in given.reshape(-1)] if given is not None else node.attribute(name)
    return None if found is None else [int(number) for number in found]


LOWERINGS: dict[str, Lowering] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeezing("squeeze"),
    "Unsqueeze": _squeezing("unsqueeze"),
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Expand": _by_values("expand"),
    "Tile": _by_values("tile"),
    "Range": _range,
    "Shape": _shape,
    "ConstantOfShape": _constant_of_shape,
}
