"""Lowerings of the operators on one number at a time, and of casts."""

from packager.converters.tiny.node import FLOATS, NUMBERS, Lowering, Node, UncoveredError, Value

_DTYPES = {1: "float32", 6: "int32", 7: "int64", 9: "bool", 11: "float64"}
"""ONNX's numbers of the dtypes that a cast may give."""
_LEAK = 0.01
_OPSET_WITH_BOUNDS = 11


def _plain(function: str, *dtypes: str, gives: str | None = None) -> Lowering:
    def lower(node: Node) -> list[Value]:
        node.only()
        value = node.demand(0, *dtypes)
        return node.step(f"functions.{function}", [value], gives or value.dtype)

    return lower


def _same(node: Node) -> list[Value]:
    node.only()
    return [node.input(0)]


def _leaky(node: Node) -> list[Value]:
    node.only(alpha=...)
    value = node.demand(0, *FLOATS)
    slope = float(node.attribute("alpha", _LEAK))
    return node.step("functions.rectified", [value], value.dtype, slope=slope)


def _is_infinite(node: Node) -> list[Value]:
    node.only(detect_negative=..., detect_positive=...)
    signs = [-1] * bool(node.attribute("detect_negative", 1)) + [1] * bool(
        node.attribute("detect_positive", 1)
    )
    return node.step("functions.is_infinite", [node.demand(0, *FLOATS)], "bool", signs=signs)


def _clip(node: Node) -> list[Value]:
    node.only()  # bounds that are attributes, before opset 11, are refused
    value = node.demand(0, *NUMBERS)
    if node.opset < _OPSET_WITH_BOUNDS:
        raise UncoveredError(f"{node.kind} of opset {node.opset}")
    return node.step("functions.clipped", list(node.inputs), value.dtype)


def _cast(node: Node) -> list[Value]:
    node.only(to=..., saturate=..., round_mode=...)  # the last two are about 8-bit floats alone
    value, target = node.input(0), _DTYPES.get(node.attribute("to"))
    if target is None or value.dtype == "string":
        raise UncoveredError(
            f"{node.kind} from {value.dtype} to {target or 'texts, or a dtype that is not served'}"
        )
    return [value] if value.dtype == target else node.step("casting.cast", [value], target)


LOWERINGS: dict[str, Lowering] = {
    "Identity": _same,
    "Neg": _plain("negative", *NUMBERS),
    "Abs": _plain("absolute", *NUMBERS),
    "Not": _plain("inverted", "bool"),
    "Sqrt": _plain("square_root", *FLOATS),
    "Exp": _plain("exponential", *FLOATS),
    "Log": _plain("logarithm", *FLOATS),
    "Tanh": _plain("hyperbolic_tangent", *FLOATS),
    "Erf": _plain("error_function", *FLOATS),
    "Sigmoid": _plain("sigmoid", *FLOATS),
    "Softplus": _plain("softplus", *FLOATS),
    "Relu": _plain("rectified", *FLOATS),
    "LeakyRelu": _leaky,
    "Floor": _plain("rounded_down", *FLOATS),
    "Ceil": _plain("rounded_up", *FLOATS),
    "Round": _plain("rounded", *FLOATS),
    "Sign": _plain("sign", *NUMBERS),
    "Reciprocal": _plain("reciprocal", *FLOATS),
    "IsNaN": _plain("is_nan", *FLOATS, gives="bool"),
    "IsInf": _is_infinite,
    "Clip": _clip,
    "Cast": _cast,
}
