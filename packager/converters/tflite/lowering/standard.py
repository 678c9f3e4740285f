"""The operators of plain ONNX that compute: tabular graphs and small networks use them."""

from functools import reduce
from typing import Any

import numpy as np

from packager.converters.tflite.lowering.kit import Kit, Lowering, Node, UncoveredError
from packager.converters.tflite.writer import Value, known


def _elementwise(code: str, dtype: str | None = None) -> Lowering:
    def lower(kit: Kit, node: Node) -> list[Value]:
        values = [value for value in node.inputs if value is not None]
        if len(values) == 1:
            return [kit.elementwise(code, values[0], dtype=dtype)]
        return [reduce(lambda one, two: kit.elementwise(code, one, two, dtype=dtype), values)]

    return lower


def _same(_: Kit, node: Node) -> list[Value]:
    return [node.input(0)]


def _divide(kit: Kit, node: Node) -> list[Value]:
    if node.input(0).dtype == "int64":
        raise UncoveredError("Div of whole numbers")
    return [kit.elementwise("DIV", node.input(0), node.input(1))]


def _sum(kit: Kit, node: Node) -> list[Value]:
    if len(node.inputs) == 1:
        return [node.input(0)]
    return _elementwise("ADD")(kit, node)


def _mean(kit: Kit, node: Node) -> list[Value]:
    return [kit.elementwise("DIV", _sum(kit, node)[0], known(np.float32(len(node.inputs))))]


def _pow(kit: Kit, node: Node) -> list[Value]:
    value, power = node.input(0), node.input(1)
    if power.array is not None and power.array.size == 1 and float(power.array.reshape(-1)[0]) == 2:
        return [kit.elementwise("MUL", value, value)]
    return [kit.elementwise("POW", value, kit.cast(power, value.dtype))]


def _cast(kit: Kit, node: Node) -> list[Value]:
    import onnx

    wanted = onnx.helper.tensor_dtype_to_np_dtype(node.attributes["to"])
    if wanted.kind == "f":
        return [kit.cast(node.input(0), "float32")]
    if wanted.kind not in "iub":
        return [_as_text(node.input(0))]
    name = wanted.name if wanted.name in ("bool", "int32", "int64") else "int64"
    value = node.input(0)
    if name == "bool" and value.dtype != "bool":
        return [kit.elementwise("NOT_EQUAL", value, known(np.zeros((), value.dtype)), dtype="bool")]
    return [kit.cast(value, name)]


def _as_text(value: Value) -> Value:
    if value.dtype != "int64":
        raise UncoveredError("Cast to text")
    return value  # texts stand here as their places among the class labels


def _is_nan(kit: Kit, node: Node) -> list[Value]:
    return [kit.is_nan(node.input(0))]


def _is_inf(kit: Kit, node: Node) -> list[Value]:
    size = kit.elementwise("ABS", node.input(0))
    return [kit.elementwise("EQUAL", size, known(np.float32(np.inf)), dtype="bool")]


def _where(kit: Kit, node: Node) -> list[Value]:
    return [kit.where(node.input(0), node.input(1), node.input(2))]


def _clip(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    for at, name, code in ((1, "min", "MAXIMUM"), (2, "max", "MINIMUM")):
        bound = node.attributes[name] if name in node.attributes else node.constant(at)
        if bound is not None:
            value = kit.elementwise(code, value, known(np.asarray(bound, value.dtype)))
    return [value]


def _axes(node: Node) -> list[int]:
    given = node.attributes.get("axes", node.constant(1))
    if given is None:
        if node.attributes.get("noop_with_empty_axes", 0):
            return []
        given = range(node.input(0).rank)
    return [int(axis) for axis in np.asarray(list(given)).reshape(-1)]


def _reduction(code: str, before: str | None = None, after: str | None = None) -> Lowering:
    def lower(kit: Kit, node: Node) -> list[Value]:
        value, axes = node.input(0), _axes(node)
        if 0 in {axis % value.rank for axis in axes} and value.shape[0] is None:
            raise UncoveredError(f"{node.kind} over the rows of the batch")
        if before is not None:
            value = kit.elementwise(before, value)
        if axes:
            value = kit.reduce(code, value, axes, bool(node.attributes.get("keepdims", 1)))
        return [kit.elementwise(after, value) if after is not None else value]

    return lower


def _log_sum_exp(kit: Kit, node: Node) -> list[Value]:
    value, axes = node.input(0), _axes(node)
    largest = kit.reduce("REDUCE_MAX", value, axes, True)
    total = kit.reduce("SUM", kit.elementwise("EXP", kit.elementwise("SUB", value, largest)), axes, True)
    made = kit.elementwise("ADD", kit.elementwise("LOG", total), largest)
    if node.attributes.get("keepdims", 1):
        return [made]
    return [kit.reduce("SUM", made, axes, False)]


def _arg(code: str) -> Lowering:
    def lower(kit: Kit, node: Node) -> list[Value]:
        if node.attributes.get("select_last_index", 0):
            raise UncoveredError(f"{node.kind} that takes the last of equal values")
        value, axis = node.input(0), int(node.attributes.get("axis", 0))
        made = kit.arg(code, value, axis)
        if not node.attributes.get("keepdims", 1):
            return [made]
        shape = list(value.shape)
        shape[axis % value.rank] = 1
        return [kit.reshape(made, tuple(shape))]

    return lower


def _softmax(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    if int(node.attributes.get("axis", -1)) % value.rank != value.rank - 1:
        raise UncoveredError("Softmax over another axis than the last")
    return [kit.softmax(value)]


def _matmul(kit: Kit, node: Node) -> list[Value]:
    one, two = node.input(0), node.input(1)
    if two.array is None or two.rank != 2 or one.rank < 2:
        raise UncoveredError("MatMul of two computed matrices")
    return [kit.product(one, two.array)]


def _gemm(kit: Kit, node: Node) -> list[Value]:
    weights: Any = node.constant(1)
    if node.attributes.get("transA", 0):
        raise UncoveredError("Gemm of a transposed input")
    weights = (weights.T if node.attributes.get("transB", 0) else weights) * node.attributes.get("alpha", 1.0)
    bias = node.constant(2)
    scaled = None if bias is None else bias * node.attributes.get("beta", 1.0)
    row = None if scaled is None else np.broadcast_to(scaled.reshape(-1), weights.shape[1])
    return [kit.product(node.input(0), weights, row)]


LOWERINGS: dict[str, Lowering] = {
    "Abs": _elementwise("ABS"),
    "Add": _elementwise("ADD"),
    "And": _elementwise("LOGICAL_AND"),
    "ArgMax": _arg("ARG_MAX"),
    "ArgMin": _arg("ARG_MIN"),
    "Cast": _cast,
    "Ceil": _elementwise("CEIL"),
    "Clip": _clip,
    "Div": _divide,
    "Dropout": _same,
    "Equal": _elementwise("EQUAL", "bool"),
    "Exp": _elementwise("EXP"),
    "Floor": _elementwise("FLOOR"),
    "Gemm": _gemm,
    "Greater": _elementwise("GREATER", "bool"),
    "GreaterOrEqual": _elementwise("GREATER_EQUAL", "bool"),
    "Identity": _same,
    "IsInf": _is_inf,
    "IsNaN": _is_nan,
    "Less": _elementwise("LESS", "bool"),
    "LessOrEqual": _elementwise("LESS_EQUAL", "bool"),
    "Log": _elementwise("LOG"),
    "MatMul": _matmul,
    "Max": _elementwise("MAXIMUM"),
    "Mean": _mean,
    "Min": _elementwise("MINIMUM"),
    "Mul": _elementwise("MUL"),
    "Neg": _elementwise("NEG"),
    "Not": _elementwise("LOGICAL_NOT"),
    "Or": _elementwise("LOGICAL_OR"),
    "Pow": _pow,
    "ReduceL1": _reduction("SUM", before="ABS"),
    "ReduceL2": _reduction("SUM", before="SQUARE", after="SQRT"),
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceMax": _reduction("REDUCE_MAX"),
    "ReduceMean": _reduction("MEAN"),
    "ReduceMin": _reduction("REDUCE_MIN"),
    "ReduceProd": _reduction("REDUCE_PROD"),
    "ReduceSum": _reduction("SUM"),
    "ReduceSumSquare": _reduction("SUM", before="SQUARE"),
    "Relu": _elementwise("RELU"),
    "Round": _elementwise("ROUND"),
    "Sigmoid": _elementwise("LOGISTIC"),
    "Sign": _elementwise("SIGN"),
    "Softmax": _softmax,
    "Sqrt": _elementwise("SQRT"),
    "Sub": _elementwise("SUB"),
    "Sum": _sum,
    "Tanh": _elementwise("TANH"),
    "Where": _where,
}
