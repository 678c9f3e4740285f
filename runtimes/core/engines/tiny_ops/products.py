"""Products of matrices: MatMul, Gemm. Each sum is taken in double precision and rounded once."""

from __future__ import annotations

from operator import mul

from runtimes.core.engines.tiny_ops.axes import offsets, size_of, strides
from runtimes.core.engines.tiny_ops.broadcasting import common_shape, repeated
from runtimes.core.engines.tiny_ops.rounding import rounding
from runtimes.core.errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtimes.core.engines.tiny import Operate, Step, Value
    from runtimes.core.engines.tiny_ops.axes import Shape

    Matrix = list[list[float]]


def mat_mul(step: Step) -> Operate:
    """MatMul. The columns of a constant matrix on the right are taken once."""
    finished = rounding(step.gives[0])
    right = step.constants[1]
    fixed = _columns(right[1], right[0][1]) if right is not None and len(right[0]) == 2 else None

    def operate(one: Value, other: Value) -> list[Value]:
        shape, data = one
        if fixed is None or len(shape) < 2:
            target, found = _stacked(one, other)
            return [(target, finished(found))]
        inner, columns = other[0]
        _check_inner(shape[-1], inner)
        return [((*shape[:-1], columns), finished(_product(_rows(data, inner, size_of(shape[:-1])), fixed)))]

    return operate


def gemm(step: Step) -> Operate:
    """Gemm: alpha x A' x B' + beta x C."""
    finished = rounding(step.gives[0])
    alpha, beta = step.attributes["alpha"], step.attributes["beta"]
    turned, straight = step.attributes["trans_a"], step.attributes["trans_b"]
    right = step.constants[1]
    fixed = _right_columns(right, straight) if right is not None else None

    def operate(one: Value, other: Value, added: Value | None = None) -> list[Value]:
        (high, wide), data = one
        rows = _columns(data, wide) if turned else _rows(data, wide, high)
        columns = _right_columns(other, straight) if fixed is None else fixed
        _check_inner(high if turned else wide, other[0][1 if straight else 0])
        shape = (len(rows), len(columns))
        found = _product(rows, columns)
        if alpha != 1:
            found = [alpha * number for number in found]
        if added is not None:
            if common_shape(added[0], shape) != shape:
                message = f"{list(added[0])} cannot be added to a product of the shape {list(shape)}"
                raise ModelError(message, about_input=True)
            plus = repeated(*added, shape)
            found = [number + beta * more for number, more in zip(found, plus)]
        return [(shape, finished(found))]

    return operate


def _product(rows: Matrix, columns: Matrix) -> list[float]:
    return [sum(map(mul, row, column)) for row in rows for column in columns]


def _rows(data: list[float], width: int, count: int) -> Matrix:
    return (
        [data[start : start + width] for start in range(0, count * width, width)] if width else [[]] * count
    )


def _columns(data: list[float], width: int) -> Matrix:
    return [data[start::width] for start in range(width)]


def _right_columns(value: Value, transposed: bool) -> Matrix:
    (high, wide), data = value
    return _rows(data, wide, high) if transposed else _columns(data, wide)


def _check_inner(one: int, other: int) -> None:
    if one != other:
        raise ModelError(f"a product of {one} columns with {other} rows", about_input=True)


def _stacked(one: Value, other: Value) -> tuple[Shape, list[float]]:
    """Matrices of any rank, as numpy's ``matmul`` takes them."""
    left, right = one[0], other[0]
    left2, right2 = (1, *left) if len(left) == 1 else left, (*right, 1) if len(right) == 1 else right
    _check_inner(left2[-1], right2[-2])
    stack = common_shape(left2[:-2], right2[:-2])
    found: list[float] = []
    for at, to in zip(_places(left2, stack), _places(right2, stack)):
        rows = _rows(one[1][at : at + left2[-2] * left2[-1]], left2[-1], left2[-2])
        found += _product(rows, _columns(other[1][to : to + right2[-2] * right2[-1]], right2[-1]))
    target = (*stack, *left2[-2:-1], right2[-1])
    if len(left) == 1:
        target = (*target[:-2], target[-1])
    return target[:-1] if len(right) == 1 else target, found


def _places(shape: Shape, stack: Shape) -> list[int]:
    """Where each matrix of the stack begins."""
    size = size_of(shape[-2:])
    outer = shape[:-2]
    steps: list[Any] = [0] * (len(stack) - len(outer))
    steps += [0 if have == 1 else step * size for have, step in zip(outer, strides(outer))]
    return offsets(stack, steps)
