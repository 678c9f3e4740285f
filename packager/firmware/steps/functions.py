"""Functions of one number."""

from functools import partial

import numpy as np

from packager.firmware import helpers
from packager.firmware.literals import C_TYPES
from packager.firmware.steps.call import Call, Emitter
from packager.firmware.steps.elementwise import WHOLE, computed, each
from packager.firmware.tensor import Tensor, known


def _function(name: str, call: Call) -> list[Tensor]:
    return each(call, [call.input(0)], lambda one: computed(call, name, one))


def _direct(name: str, call: Call) -> list[Tensor]:
    """A function whose result is exact, or rounded once: the same in any wider type."""
    function = helpers.math(name, C_TYPES[call.gives[0]])
    return each(call, [call.input(0)], lambda one: f"{function}({one})")


def _negative(call: Call) -> list[Tensor]:
    c_type = C_TYPES[call.gives[0]]
    return each(call, [call.input(0)], lambda one: _opposite(c_type, one))


def _opposite(c_type: str, one: str) -> str:
    return f"({c_type})(0u - (u{c_type}){one})" if c_type in WHOLE else f"-{one}"


def _absolute(call: Call) -> list[Tensor]:
    c_type = C_TYPES[call.gives[0]]
    if c_type not in WHOLE:
        return _direct("fabs", call)
    return each(call, [call.input(0)], lambda one: f"{one} < 0 ? {_opposite(c_type, one)} : {one}")


def _rectified(call: Call) -> list[Tensor]:
    c_type, slope = C_TYPES[call.gives[0]], call.attributes.get("slope", 0.0)
    f = "f" if c_type == "float" else ""
    zero = "0" if c_type in WHOLE else f"0.0{f}"
    if not slope:
        return each(call, [call.input(0)], lambda one: f"{one} < {zero} ? {zero} : {one}")
    below = known(np.array(slope, dtype=np.float64))
    exact = c_type == "double" or float(np.float32(slope)) == slope

    def scaled(one: str) -> str:
        if exact:
            return f"{one} * {call.out.read(known(below.held.astype(call.gives[0])), '0')}"
        return f"(float)((double){one} * {call.out.read(below, '0')})"

    return each(call, [call.input(0)], lambda one: f"{one} < {zero} ? {scaled(one)} : {one}")


def _sign(call: Call) -> list[Tensor]:
    c_type, source = C_TYPES[call.gives[0]], call.input(0).c_type
    zero = "0" if source in WHOLE else "0.0f" if source == "float" else "0.0"
    odd = "" if source in WHOLE else "{one} != {one} ? {one} : "
    return each(
        call,
        [call.input(0)],
        lambda one: f"{odd.format(one=one)}({c_type})(({one} > {zero}) - ({one} < {zero}))",
    )


def _is_infinite(call: Call) -> list[Tensor]:
    f = "f" if call.input(0).c_type == "float" else ""
    largest = "3.40282347e+38f" if f else "1.7976931348623157e+308"
    signs = [
        f"{{one}} {'>' if sign > 0 else '<'} {'' if sign > 0 else '-'}{largest}"
        for sign in call.attributes["signs"]
    ]
    text = " || ".join(signs) or "false"
    return each(call, [call.input(0)], lambda one: text.format(one=one))


def _clipped(call: Call) -> list[Tensor]:
    found = call.input(0)
    for at, symbol in ((1, "<"), (2, ">")):
        bound = call.takes[at] if at < len(call.takes) else None
        if bound is not None:
            (found,) = each(
                call, [found, bound.moved(bound.held.reshape(-1)[:1])],
                lambda one, other, symbol=symbol: f"{one} {symbol} {other} ? {other} : {one}",
            )  # fmt: skip
    return [found]


EMITTERS: dict[str, Emitter] = {
    "functions.negative": _negative,
    "functions.absolute": _absolute,
    "functions.inverted": lambda call: each(call, [call.input(0)], lambda one: f"!{one}"),
    "functions.square_root": partial(_direct, "sqrt"),
    "functions.exponential": partial(_function, "exp"),
    "functions.logarithm": partial(_function, "log"),
    "functions.hyperbolic_tangent": partial(_function, "tanh"),
    "functions.error_function": partial(_function, "erf"),
    "functions.sigmoid": partial(_function, "sigmoid"),
    "functions.softplus": partial(_function, "softplus"),
    "functions.rectified": _rectified,
    "functions.rounded_down": partial(_direct, "floor"),
    "functions.rounded_up": partial(_direct, "ceil"),
    "functions.rounded": partial(_direct, "rint"),
    "functions.sign": _sign,
    "functions.reciprocal": lambda call: each(
        call, [call.input(0)], lambda one: f"1.0{'f' if call.gives[0] == 'float32' else ''} / {one}"
    ),
    "functions.is_nan": lambda call: each(call, [call.input(0)], lambda one: f"{one} != {one}"),
    "functions.is_infinite": _is_infinite,
    "functions.clipped": _clipped,
}
