"""Lowerings of reductions, and of what works along an axis and keeps the shape."""

from packager.converters.tiny.node import FLOATS, NUMBERS, Lowering, Node, UncoveredError, Value

_OPSET_WITH_AXIS = 13


def _reduction(function: str, *dtypes: str) -> Lowering:
    def lower(node: Node) -> list[Value]:
        node.only(axes=..., keepdims=..., noop_with_empty_axes=...)
        value = node.demand(0, *dtypes)
        given = node.constant(1)
        axes = [int(axis) for axis in given] if given is not None else node.attribute("axes")
        if not axes:
            axes = [] if node.attribute("noop_with_empty_axes", 0) else None
        keep = bool(node.attribute("keepdims", 1))
        return node.step(f"reducing.{function}", [value], value.dtype, axes=axes, keep=keep)

    return lower


def _softmax(function: str) -> Lowering:
    def lower(node: Node) -> list[Value]:
        node.only(axis=...)
        value, flat = node.demand(0, *FLOATS), node.opset < _OPSET_WITH_AXIS
        axis = node.attribute("axis", 1 if flat else -1)
        return node.step(f"reducing.{function}", [value], value.dtype, axis=axis, flat=flat)

    return lower


def _cumulative(node: Node) -> list[Value]:
    node.only(exclusive=..., reverse=...)
    value, axis = node.demand(0, *NUMBERS), node.constant(1)
    if axis is None:
        raise UncoveredError("CumSum without an axis")
    return node.step(
        "reducing.running_total", [value], value.dtype,
        axis=int(axis.reshape(-1)[0]), exclusive=bool(node.attribute("exclusive", 0)),
        reverse=bool(node.attribute("reverse", 0)),
    )  # fmt: skip


LOWERINGS: dict[str, Lowering] = {
    "ReduceSum": _reduction("total", *NUMBERS),
    "ReduceMean": _reduction("mean", *FLOATS),
    "ReduceMax": _reduction("largest", *NUMBERS),
    "ReduceMin": _reduction("smallest", *NUMBERS),
    "ReduceProd": _reduction("product", *NUMBERS),
    "ReduceL1": _reduction("sum_of_sizes", *NUMBERS),
    "ReduceL2": _reduction("length", *FLOATS),
    "ReduceSumSquare": _reduction("sum_of_squares", *NUMBERS),
    "ReduceLogSum": _reduction("log_of_sum", *FLOATS),
    "ReduceLogSumExp": _reduction("log_of_sum_of_powers", *FLOATS),
    "Softmax": _softmax("softmax"),
    "LogSoftmax": _softmax("log_softmax"),
    "CumSum": _cumulative,
}
