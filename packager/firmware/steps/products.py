"""Products of matrices: MatMul, Gemm. A constant matrix lies so that each sum reads it in order."""

import numpy as np

from packager.firmware.literals import C_TYPES, as_type
from packager.firmware.places import Places, stride_of
from packager.firmware.steps.call import Call, Emitter, UnwritableError
from packager.firmware.tensor import Tensor, known


def _mat_mul(call: Call) -> list[Tensor]:
    one, other = call.input(0), call.input(1)
    left = one.moved(one.held[None, :]) if len(one.shape) == 1 else one
    right = other.moved(other.held[:, None]) if len(other.shape) == 1 else other
    made = _product(call, left, right, None, 1.0, 1.0)
    held = made.held
    if len(one.shape) == 1:
        held = held[..., 0, :]
    return [made.moved(held[..., 0] if len(other.shape) == 1 else held)]


def _gemm(call: Call) -> list[Tensor]:
    one, other, given = call.input(0), call.input(1), call.attributes
    left = one.moved(one.held.T) if given["trans_a"] else one
    right = other.moved(other.held.T) if given["trans_b"] else other
    added = call.takes[2] if len(call.takes) > 2 else None
    return [_product(call, left, right, added, float(given["alpha"]), float(given["beta"]))]


def _product(
    call: Call, left: Tensor, right: Tensor, added: Tensor | None, alpha: float, beta: float
) -> Tensor:
    """alpha x left x right + beta x added: each number by one sum."""
    inner = left.shape[-1]
    if inner != right.shape[-2]:
        raise UnwritableError(f"product of {inner} columns with {right.shape[-2]} rows")
    stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    shape = (*stack, left.shape[-2], right.shape[-1])
    out, c_type = call.out, C_TYPES[call.gives[0]]
    if c_type not in ("float", "double"):
        raise UnwritableError("products of whole numbers")
    rows, columns = _readable(call, left, (-2, -1)), _readable(call, right, (-1, -2))
    made, work = call.fresh(shape), out.work(c_type)
    starts = np.broadcast_to(rows.places[..., :, None, :1], (*shape, 1)).reshape(-1)
    others = np.broadcast_to(columns.places[..., None, :, :1], (*shape, 1)).reshape(-1)
    with out.each("o", made.size) as o:
        out.line(f"{work} sum = 0;")
        with out.loop("k", inner) as k:
            one = f"{rows.name}[{_ahead(out.place(starts, o), k, rows.stride)}]"
            other = f"{columns.name}[{_ahead(out.place(others, o), k, columns.stride)}]"
            out.line(f"sum += {as_type(one, c_type, work)} * {as_type(other, c_type, work)};")
        if alpha != 1:
            out.line(f"sum *= {_number(call, alpha, work)};")
        result = "sum" if added is None else f"sum + {_added(call, added, beta, o, shape, work)}"
        out.line(f"{out.name(made)}[{o}] = {as_type(result, work, c_type)};")
    return made


def _added(call: Call, added: Tensor, beta: float, o: str, shape: tuple[int, ...], work: str) -> str:
    plus = as_type(call.out.read(added, o, shape), added.c_type, work)
    return plus if beta == 1 else f"{_number(call, beta, work)} * {plus}"


def _number(call: Call, value: float, c_type: str) -> str:
    dtype = "float32" if c_type == "float" else "float64"
    return call.out.read(known(np.array(value, dtype=dtype)), "0")


class _Readable:
    """A matrix, or a stack of them: ``places`` has the lines that sums run along on its last axis."""

    def __init__(self, name: str, places: Places, stride: int) -> None:
        self.name, self.places, self.stride = name, places, stride


def _readable(call: Call, tensor: Tensor, order: tuple[int, int]) -> _Readable:
    held = tensor.held if order == (-2, -1) else np.swapaxes(tensor.held, -1, -2)
    turned = tensor.moved(np.ascontiguousarray(held) if tensor.array is not None else held)
    places = turned.places if turned.places is not None else np.arange(turned.size).reshape(turned.shape)
    lines = places.reshape(-1, places.shape[-1])
    strides = {stride_of(line - line[0]) for line in lines}
    stride = strides.pop()
    if strides or stride is None or stride < 0:
        turned = call.out.copied(turned)
        places, stride = turned.held, 1
    return _Readable(call.out.name(turned), places, stride)


def _ahead(start: str, counter: str, stride: int) -> str:
    ahead = counter if stride == 1 else f"{counter} * {stride}"
    return ahead if start == "0" else f"{start} + {ahead}"


EMITTERS: dict[str, Emitter] = {"products.mat_mul": _mat_mul, "products.gemm": _gemm}
