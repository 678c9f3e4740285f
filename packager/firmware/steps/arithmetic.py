"""Arithmetic on two or more numbers at a time, and comparisons."""

from collections.abc import Callable
from functools import partial, reduce

import numpy as np

from packager.firmware.literals import C_TYPES
from packager.firmware.program import Array
from packager.firmware.steps.call import Call, Emitter, UnwritableError
from packager.firmware.steps.elementwise import WHOLE, Expression, computed, each, given
from packager.firmware.tensor import Tensor, known


def _arithmetic(symbol: str, call: Call) -> list[Tensor]:
    """+, -, *: whole numbers wrap around."""
    found = _folded(call, {"+": np.add, "-": np.subtract, "*": np.multiply}[symbol])
    if found is not None:
        return found
    c_type = C_TYPES[call.gives[0]]
    return _chained(call, lambda one, other: _result(c_type, one, symbol, other))


def _result(c_type: str, one: str, symbol: str, other: str) -> str:
    if c_type in WHOLE:
        return f"({c_type})((u{c_type}){one} {symbol} (u{c_type}){other})"
    return f"{one} {symbol} {other}"


def _chained(call: Call, expression: Expression) -> list[Tensor]:
    """One after the other: each result is stored, and so rounded, as engines do."""
    first, *others = given(call)
    found = first
    for other in others:
        (found,) = each(call, [found, other], expression)
    return [found]


def _folded(call: Call, function: Callable[..., Array]) -> list[Tensor] | None:
    """What is known already: the arithmetic of sizes."""
    arrays = [tensor.array for tensor in call.takes if tensor is not None and tensor.array is not None]
    if len(arrays) != len(call.takes) or call.gives[0] not in ("int64", "int32"):
        return None
    return [known(reduce(function, arrays).astype(call.gives[0]))]


def _divide(call: Call) -> list[Tensor]:
    return each(call, given(call), lambda one, other: f"{one} / {other}")


def _whole(name: str, function: Callable[..., Array], call: Call) -> list[Tensor]:
    """Division of whole numbers, or its rest: nothing is divided by zero."""
    found = _folded(call, function)
    if found is not None:
        return found
    bits = "64" if call.gives[0] == "int64" else "32"
    helper = call.out.helper(f"{name}_{bits}")
    return each(call, given(call), lambda a, b: f"{helper}({a}, {b})", lambda _, b: f"{b} == 0")


def _power(call: Call) -> list[Tensor]:
    c_type = C_TYPES[call.gives[0]]
    if c_type in WHOLE:
        raise UnwritableError("powers of whole numbers")
    exponent = call.input(1).array
    if exponent is not None and exponent.size == 1 and exponent.reshape(-1)[0] == 2:
        return each(call, [call.input(0)], lambda one: f"{one} * {one}")
    return each(call, given(call), lambda one, other: computed(call, "pow", one, other))


def _extreme(symbol: str, call: Call) -> list[Tensor]:
    """Max, Min: what is no number goes through."""
    floating = C_TYPES[call.gives[0]] not in WHOLE
    odd = " || {one} != {one}" if floating else ""
    return _chained(call, lambda one, other: f"{one} {symbol} {other}{odd.format(one=one)} ? {one} : {other}")


def _comparison(symbol: str, call: Call) -> list[Tensor]:
    taken = given(call)
    if symbol == "==" and taken[0].dtype == "string" and all(tensor.array is None for tensor in taken):
        raise UnwritableError("comparison of two texts of the input")
    if taken[0].dtype != taken[1].dtype:
        raise UnwritableError(f"comparison of {taken[0].dtype} with {taken[1].dtype}")
    return each(call, taken, lambda one, other: f"{one} {symbol} {other}")


def _truncated(one: Array, other: Array) -> Array:
    return np.trunc(one / other).astype(np.int64)


EMITTERS: dict[str, Emitter] = {
    "arithmetic.add": partial(_arithmetic, "+"),
    "arithmetic.subtract": partial(_arithmetic, "-"),
    "arithmetic.multiply": partial(_arithmetic, "*"),
    "arithmetic.total": partial(_arithmetic, "+"),
    "arithmetic.divide": _divide,
    "arithmetic.divide_whole": partial(_whole, "divided", _truncated),
    "arithmetic.modulo": partial(_whole, "rest", np.mod),
    "arithmetic.power": _power,
    "arithmetic.maximum": partial(_extreme, ">="),
    "arithmetic.minimum": partial(_extreme, "<="),
    "arithmetic.equal": partial(_comparison, "=="),
    "arithmetic.greater": partial(_comparison, ">"),
    "arithmetic.greater_or_equal": partial(_comparison, ">="),
    "arithmetic.less": partial(_comparison, "<"),
    "arithmetic.less_or_equal": partial(_comparison, "<="),
    "arithmetic.both": partial(_comparison, "&&"),
    "arithmetic.either": partial(_comparison, "||"),
    "arithmetic.one_alone": partial(_comparison, "!="),
}
