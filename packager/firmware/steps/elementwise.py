"""Steps that compute each number from those at its own place: arithmetic, comparisons, functions, casts."""

from collections.abc import Callable
from functools import partial

import numpy as np

from packager.firmware import helpers
from packager.firmware.literals import C_TYPES
from packager.firmware.program import Array
from packager.firmware.steps.call import Call, Emitter, UnwritableError
from packager.firmware.tensor import Tensor, known

Expression = Callable[..., str]
_WHOLE = ("int32_t", "int64_t")


def each(
    call: Call, tensors: list[Tensor], expression: Expression, check: Expression | None = None
) -> list[Tensor]:
    """One result for each place of the shape that all are repeated to; ``check``: when to refuse."""
    shape = np.broadcast_shapes(*(tensor.shape for tensor in tensors))
    moved = {id(tensor.buffer) for tensor in tensors if not (tensor.is_whole and tensor.shape == shape)}
    over = tuple(tensor for tensor in tensors if id(tensor.buffer) not in moved)
    made = call.fresh(shape, over=over)
    out = call.out
    with out.loop("i", made.size) as i:
        taken = [out.read(tensor, i, shape) for tensor in tensors]
        if check is not None:
            out.refuse_if(check(*taken))
        out.line(f"{out.name(made)}[{i}] = {expression(*taken)};")
    return [made]


def _given(call: Call) -> list[Tensor]:
    return [call.input(at) for at in range(len(call.takes))]


def _arithmetic(symbol: str, call: Call) -> list[Tensor]:
    """+, -, *: whole numbers wrap around."""
    found = _folded(call, {"+": np.add, "-": np.subtract, "*": np.multiply}[symbol])
    if found is not None:
        return found
    c_type = C_TYPES[call.gives[0]]
    return _chained(call, lambda one, other: _result(c_type, one, symbol, other))


def _result(c_type: str, one: str, symbol: str, other: str) -> str:
    if c_type in _WHOLE:
        return f"({c_type})((u{c_type}){one} {symbol} (u{c_type}){other})"
    return f"{one} {symbol} {other}"


def _chained(call: Call, expression: Expression) -> list[Tensor]:
    """One after the other: each result is stored, and so rounded, as engines do."""
    first, *others = _given(call)
    found = first
    for other in others:
        (found,) = each(call, [found, other], expression)
    return [found]


def _folded(call: Call, function: Callable[..., Array]) -> list[Tensor] | None:
    """What is known already: the arithmetic of sizes."""
    arrays = [tensor.array for tensor in call.takes if tensor is not None and tensor.array is not None]
    if len(arrays) != len(call.takes) or call.gives[0] not in ("int64", "int32"):
        return None
    return [known(function(*arrays).astype(call.gives[0]))]


def _divide(call: Call) -> list[Tensor]:
    return each(call, _given(call), lambda one, other: f"{one} / {other}")


def _whole(name: str, function: Callable[..., Array], call: Call) -> list[Tensor]:
    """Division of whole numbers, or its rest: nothing is divided by zero."""
    found = _folded(call, function)
    if found is not None:
        return found
    bits = "64" if call.gives[0] == "int64" else "32"
    helper = call.out.helper(f"{name}_{bits}")
    return each(call, _given(call), lambda a, b: f"{helper}({a}, {b})", lambda _, b: f"{b} == 0")


def _power(call: Call) -> list[Tensor]:
    c_type = C_TYPES[call.gives[0]]
    if c_type in _WHOLE:
        raise UnwritableError("powers of whole numbers")
    exponent = call.input(1).array
    if exponent is not None and exponent.size == 1 and exponent.reshape(-1)[0] == 2:
        return each(call, [call.input(0)], lambda one: f"{one} * {one}")
    return each(call, _given(call), lambda one, other: computed(call, "pow", one, other))


def _extreme(symbol: str, call: Call) -> list[Tensor]:
    """Max, Min: what is no number goes through."""
    floating = C_TYPES[call.gives[0]] not in _WHOLE
    odd = " || {one} != {one}" if floating else ""
    return _chained(call, lambda one, other: f"{one} {symbol} {other}{odd.format(one=one)} ? {one} : {other}")


def _comparison(symbol: str, call: Call) -> list[Tensor]:
    given = _given(call)
    if symbol == "==" and given[0].dtype == "string" and all(tensor.array is None for tensor in given):
        raise UnwritableError("a comparison of two texts of the input")
    if given[0].dtype != given[1].dtype:
        raise UnwritableError(f"a comparison of {given[0].dtype} with {given[1].dtype}")
    return each(call, given, lambda one, other: f"{one} {symbol} {other}")


def computed(call: Call, name: str, *taken: str, dtype: str | None = None) -> str:
    """A function of C's library for floats, or a helper: in the type that functions are computed in."""
    c_type = C_TYPES[dtype or call.gives[0]]
    work = call.out.work(c_type)
    function = (
        call.out.helper(name + helpers.suffix(work))
        if name in ("sigmoid", "softplus", "logistic")
        else helpers.math(name, work)
    )
    if work == c_type:
        return f"{function}({', '.join(taken)})"
    return f"({c_type}){function}({', '.join(f'({work}){one}' for one in taken)})"


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
    return f"({c_type})(0u - (u{c_type}){one})" if c_type in _WHOLE else f"-{one}"


def _absolute(call: Call) -> list[Tensor]:
    c_type = C_TYPES[call.gives[0]]
    if c_type not in _WHOLE:
        return _direct("fabs", call)
    return each(call, [call.input(0)], lambda one: f"{one} < 0 ? {_opposite(c_type, one)} : {one}")


def _rectified(call: Call) -> list[Tensor]:
    c_type, slope = C_TYPES[call.gives[0]], call.attributes.get("slope", 0.0)
    f = "f" if c_type == "float" else ""
    zero = "0" if c_type in _WHOLE else f"0.0{f}"
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
    zero = "0" if source in _WHOLE else "0.0f" if source == "float" else "0.0"
    odd = "" if source in _WHOLE else "{one} != {one} ? {one} : "
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


def _cast(call: Call) -> list[Tensor]:
    value, target = call.input(0), call.gives[0]
    if value.dtype == target:
        return [value]
    if value.array is not None and value.dtype in ("int64", "int32", "bool") and target != "bool":
        return [known(value.array.astype(target))]
    return each(call, [value], lambda one: casted(call, value.c_type, C_TYPES[target], one))


def casted(call: Call, source: str, target: str, one: str) -> str:
    """A number of one type in another, as processors do it."""
    if target == "bool":
        return f"{one} != 0"
    if source == "bool":
        f = "f" if target == "float" else ""
        return f"{one} ? 1.0{f} : 0.0{f}" if target in ("float", "double") else f"{one} ? 1 : 0"
    if target in _WHOLE and source in ("float", "double"):
        bits = "64" if target == "int64_t" else "32"
        return f"{call.out.helper(f'to_{bits}_of{helpers.suffix(source)}')}({one})"
    return f"({target}){one}"


def _where(call: Call) -> list[Tensor]:
    if call.input(0).array is not None and all(t is not None and t.array is not None for t in call.takes):
        return [known(np.where(*(call.input(at).held for at in range(3))), call.gives[0])]
    return each(call, _given(call), lambda chosen, one, other: f"{chosen} ? {one} : {other}")


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
    "casting.cast": _cast,
    "choosing.where": _where,
}
