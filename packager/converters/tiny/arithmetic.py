"""Lowerings of the operators on two numbers at a time."""

from packager.converters.tiny.node import NUMBERS, Lowering, Node, UncoveredError, Value


def _binary(function: str) -> Lowering:
    def lower(node: Node) -> list[Value]:
        node.only()
        one, other = node.demand(0, *NUMBERS), node.demand(1, *NUMBERS)
        if one.dtype != other.dtype:
            raise UncoveredError(f"{node.kind} of {one.dtype} and {other.dtype}")
        return node.step(f"arithmetic.{function}", [one, other], one.dtype)

    return lower


LOWERINGS: dict[str, Lowering] = {
    "Add": _binary("add"),
    "Sub": _binary("subtract"),
    "Mul": _binary("multiply"),
}
