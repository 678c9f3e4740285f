"""Steps that compute each number from those at its own place: how their loops are written, casts, choices."""

from collections.abc import Callable

import numpy as np

from packager.firmware import helpers
from packager.firmware.literals import C_TYPES
from packager.firmware.steps.call import Call, Emitter
from packager.firmware.tensor import Tensor, known

Expression = Callable[..., str]
WHOLE = ("int32_t", "int64_t")


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


def given(call: Call) -> list[Tensor]:
    """All inputs of a step that leaves none out."""
    return [call.input(at) for at in range(len(call.takes))]


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


def _cast(call: Call) -> list[Tensor]:
    value, target = call.input(0), call.gives[0]
    if value.dtype == target:
        return [value]
    if value.array is not None and value.dtype in ("int64", "int32", "bool") and target != "bool":
        return [known(value.array.astype(target))]
    return each(call, [value], lambda one: _casted(call, value.c_type, C_TYPES[target], one))


def _casted(call: Call, source: str, target: str, one: str) -> str:
    """A number of one type in another, as processors do it."""
    if target == "bool":
        return f"{one} != 0"
    if source == "bool":
        f = "f" if target == "float" else ""
        return f"{one} ? 1.0{f} : 0.0{f}" if target in ("float", "double") else f"{one} ? 1 : 0"
    if target in WHOLE and source in ("float", "double"):
        bits = "64" if target == "int64_t" else "32"
        return f"{call.out.helper(f'to_{bits}_of{helpers.suffix(source)}')}({one})"
    return f"({target}){one}"


def _where(call: Call) -> list[Tensor]:
    if call.input(0).array is not None and all(t is not None and t.array is not None for t in call.takes):
        return [known(np.where(*(call.input(at).held for at in range(3))), call.gives[0])]
    return each(call, given(call), lambda chosen, one, other: f"{chosen} ? {one} : {other}")


EMITTERS: dict[str, Emitter] = {
    "casting.cast": _cast,
    "choosing.where": _where,
}
