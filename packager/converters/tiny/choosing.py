"""Lowerings of the operators that choose: by place, by condition, by size."""

from packager.converters.tiny.node import NUMBERS, WHOLE, Lowering, Node, UncoveredError, Value

_OPSET_WITH_COUNT = 10


def _by_place(function: str) -> Lowering:
    def lower(node: Node) -> list[Value]:
        node.only(axis=...)
        value, places = node.input(0), node.demand(1, *WHOLE)
        axis = node.attribute("axis", 0)
        return node.step(f"choosing.{function}", [value, places], value.dtype, axis=axis)

    return lower


def _where(node: Node) -> list[Value]:
    node.only()
    condition, one, other = node.demand(0, "bool"), node.input(1), node.input(2)
    if one.dtype != other.dtype:
        raise UncoveredError(f"Where of {one.dtype} and {other.dtype}")
    return node.step("choosing.where", [condition, one, other], one.dtype)


def _arg(function: str) -> Lowering:
    def lower(node: Node) -> list[Value]:
        node.only(axis=..., keepdims=..., select_last_index=...)
        value = node.demand(0, *NUMBERS)
        return node.step(
            f"choosing.{function}", [value], "int64",
            axis=node.attribute("axis", 0), keep=bool(node.attribute("keepdims", 1)),
            last=bool(node.attribute("select_last_index", 0)),
        )  # fmt: skip

    return lower


def _top_k(node: Node) -> list[Value]:
    node.only(axis=..., largest=..., sorted=...)  # in order is one of the orders that "not sorted" allows
    if node.opset < _OPSET_WITH_COUNT:
        raise UncoveredError(f"TopK of opset {node.opset}")
    value, count = node.demand(0, *NUMBERS), node.demand(1, "int64")
    return node.step(
        "choosing.top_k", [value, count], value.dtype, "int64",
        axis=node.attribute("axis", -1), largest=bool(node.attribute("largest", 1)),
    )  # fmt: skip


LOWERINGS: dict[str, Lowering] = {
    "Gather": _by_place("gather"),
    "GatherElements": _by_place("gather_elements"),
    "Where": _where,
    "ArgMax": _arg("arg_max"),
    "ArgMin": _arg("arg_min"),
    "TopK": _top_k,
}
