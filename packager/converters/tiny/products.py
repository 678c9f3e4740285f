"""Lowerings of the products of matrices."""

from packager.converters.tiny.node import FLOATS, NUMBERS, Lowering, Node, UncoveredError, Value


def _mat_mul(node: Node) -> list[Value]:
    node.only()
    values = _operands(node, *NUMBERS)
    return node.step("products.mat_mul", list(values), values[0].dtype)


def _gemm(node: Node) -> list[Value]:
    node.only(alpha=..., beta=..., transA=..., transB=...)
    one, other = _operands(node, *FLOATS)
    added = node.inputs[2] if len(node.inputs) > 2 else None
    return node.step(
        "products.gemm", [one, other, added], one.dtype,
        alpha=float(node.attribute("alpha", 1.0)), beta=float(node.attribute("beta", 1.0)),
        trans_a=bool(node.attribute("transA", 0)), trans_b=bool(node.attribute("transB", 0)),
    )  # fmt: skip


def _operands(node: Node, *dtypes: str) -> tuple[Value, Value]:
    one, other = node.demand(0, *dtypes), node.demand(1, *dtypes)
    if one.dtype != other.dtype:
        raise UncoveredError(f"{node.kind} of {one.dtype} and {other.dtype}")
    return one, other


LOWERINGS: dict[str, Lowering] = {"MatMul": _mat_mul, "Gemm": _gemm}
