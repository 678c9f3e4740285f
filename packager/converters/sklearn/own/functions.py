"""Functions of numpy that are elementwise, as operations of a graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.parts import kind_of

_ONE = {
    "absolute": "Abs", "ceil": "Ceil", "cos": "Cos", "exp": "Exp", "floor": "Floor", "log": "Log",
    "negative": "Neg", "reciprocal": "Reciprocal", "rint": "Round", "sign": "Sign",
    "sin": "Sin", "sqrt": "Sqrt", "tanh": "Tanh",
}  # fmt: skip
_WITH_CONSTANTS = frozenset({"cbrt", "expit", "expm1", "log10", "log1p", "log2", "square"})


def name_of(function: Any) -> str:
    return str(getattr(function, "__name__", repr(function)))


def is_known(function: Any) -> bool:
    """Only numpy's and scipy's own: a user's function may bear any name."""
    return isinstance(function, np.ufunc) and name_of(function) in _WITH_CONSTANTS | set(_ONE)


def applied(nodes: Nodes, function: Any, value: str) -> str:
    """In double precision, since ``log1p(x)`` is written as ``log(1 + x)``."""
    name, one = name_of(function), np.float64(1)
    if name in _ONE:
        return nodes.add(_ONE[name], value)
    if name == "log1p":
        return nodes.add("Log", nodes.add("Add", value, one))
    if name == "expm1":
        return nodes.add("Sub", nodes.add("Exp", value), one)
    if name in ("log2", "log10"):
        return nodes.add("Div", nodes.add("Log", value), np.log(np.float64(name[3:])))
    if name == "square":
        return nodes.add("Mul", value, value)
    if name == "expit":
        return nodes.add("Sigmoid", value)
    return nodes.add(
        "Mul", nodes.add("Sign", value), nodes.add("Pow", nodes.add("Abs", value), np.float64(1 / 3))
    )


def refusal(part: Any) -> str | None:
    if part.func is None:
        return None
    if not is_known(part.func):
        return f"calls the Python function {name_of(part.func)}, which has no form in ONNX"
    if part.kw_args:
        return f"calls {name_of(part.func)} with options of its own, which has no form in ONNX"
    return None


def transformer(nodes: Nodes, part: Any) -> None:
    value = nodes.doubles(nodes.given)
    nodes.give(value if part.func is None else applied(nodes, part.func, value))


def undone(nodes: Nodes, part: Any, value: str) -> str:
    """The inverse of a transformer of targets."""
    kind = kind_of(part)
    if kind == "FunctionTransformer":
        return value if part.inverse_func is None else applied(nodes, part.inverse_func, value)
    if kind == "Pipeline":
        for _, step in reversed(part.steps):
            value = value if step is None or isinstance(step, str) else undone(nodes, step, value)
        return value
    if kind == "StandardScaler":
        value = value if part.scale_ is None else nodes.add("Mul", value, np.asarray(part.scale_, np.float64))
        return nodes.add("Add", value, np.asarray(part.mean_, np.float64)) if part.with_mean else value
    if kind == "RobustScaler":
        value = nodes.add("Mul", value, np.asarray(part.scale_, np.float64)) if part.with_scaling else value
        return nodes.add("Add", value, np.asarray(part.center_, np.float64)) if part.with_centering else value
    if kind == "MaxAbsScaler":
        return nodes.add("Mul", value, np.asarray(part.scale_, np.float64))
    back = nodes.add("Sub", value, np.asarray(part.min_, np.float64))
    return nodes.add("Div", back, np.asarray(part.scale_, np.float64))


def refusal_to_undo(part: Any) -> str | None:
    """Why a target's transformer cannot be undone in the graph."""
    kind = kind_of(part)
    if kind == "Pipeline":
        return next(filter(None, (refusal_to_undo(step) for _, step in part.steps)), None)
    if kind == "FunctionTransformer":
        function = part.inverse_func
        if function is None or (is_known(function) and not part.inv_kw_args):
            return None
        return f"undoes the target by the Python function {name_of(function)}, which has no form in ONNX"
    known = ("MaxAbsScaler", "MinMaxScaler", "RobustScaler", "StandardScaler")
    return None if kind in known else f"undoes the target by {kind}, which has no form in ONNX"
