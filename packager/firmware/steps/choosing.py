"""Steps that choose: by places that are known or computed, by size."""

from functools import partial

import numpy as np

from packager.firmware.places import Places
from packager.firmware.program import Array
from packager.firmware.steps.call import Call, Emitter, UnwritableError, axis_of, lines_of
from packager.firmware.tensor import Shape, Tensor


def _chosen(call: Call) -> list[Tensor]:
    """ArrayFeatureExtractor: columns of a value seen as rows."""
    value, places = call.input(0), call.input(1)
    shape: Shape = value.shape if len(value.shape) > 1 else (1, *value.shape)
    rows = value.moved(value.held.reshape(shape))
    if places.array is not None:
        return [rows.moved(np.take(rows.held, places.array.reshape(-1), -1))]
    return [_looked_up(call, rows, places.moved(places.held.reshape(-1)), len(shape) - 1, from_end=False)]


def _gather(call: Call) -> list[Tensor]:
    value, places = call.input(0), call.input(1)
    axis = axis_of(call, value.shape)
    if places.array is not None:
        return [value.moved(np.take(value.held, _counted_from_front(places.array, value.shape[axis]), axis))]
    return [_looked_up(call, value, places, axis, from_end=True)]


def _counted_from_front(places: Array, size: int) -> Array:
    if places.size and not (-size <= places.min() and places.max() < size):
        raise UnwritableError(f"place beyond {size}")
    return places % size


def _gather_elements(call: Call) -> list[Tensor]:
    value, places = call.input(0), call.input(1)
    axis = axis_of(call, value.shape)
    if places.array is not None:
        chosen = _counted_from_front(places.array, value.shape[axis])
        return [value.moved(np.take_along_axis(value.held, chosen, axis))]
    held = np.moveaxis(_located(value), axis, -1)
    index = tuple(slice(size) for size in np.moveaxis(places.held, axis, -1).shape[:-1])
    lines = np.broadcast_to(
        held[index][..., None, :], (*np.moveaxis(places.held, axis, -1).shape, held.shape[-1])
    )
    lines = np.moveaxis(lines, -2, axis)
    return [
        _by_computed_place(
            call, value, places, lines.reshape(-1, held.shape[-1]), places.shape, from_end=True
        )
    ]


def _looked_up(call: Call, value: Tensor, places: Tensor, axis: int, *, from_end: bool) -> Tensor:
    """Parts of a value along an axis, at places that are computed."""
    held = np.moveaxis(_located(value), axis, -1)
    before, after = value.shape[:axis], value.shape[axis + 1 :]
    size = held.shape[-1]
    lines = held.reshape(*before, *([1] * len(places.shape)), *after, size)
    shape = (*before, *places.shape, *after)
    lines = np.broadcast_to(lines, (*shape, size)).reshape(-1, size)
    index = places.moved(
        np.broadcast_to(places.held.reshape(*([1] * len(before)), *places.shape, *([1] * len(after))), shape)
    )
    return _by_computed_place(call, value, index, lines, shape, from_end=from_end)


def _by_computed_place(
    call: Call, value: Tensor, index: Tensor, lines: Places, shape: Shape, *, from_end: bool
) -> Tensor:
    """For each element of ``shape`` that of its line at its place; a place beyond the line is refused."""
    made, out, size = call.fresh(shape), call.out, lines.shape[1]
    stride = int(lines[0, 1] - lines[0, 0]) if size > 1 else 1
    if (lines != lines[:, :1] + stride * np.arange(size)).any():
        raise UnwritableError(f"{call.operator} of a value whose parts lie far from each other")
    name = out.name(value)
    with out.each("i", made.size) as i:
        out.line(f"const {index.c_type} at = {out.read(index, i)};")
        out.refuse_if(f"at < {-size if from_end else 0} || at >= {size}")
        place = f"(size_t)(at < 0 ? at + {size} : at)" if from_end else "(size_t)at"
        start = out.place(lines[:, 0], i)
        ahead = f"{place} * {stride}" if stride != 1 else place
        out.line(f"{out.name(made)}[{i}] = {name}[{start} + {ahead}];")
    return made


def _located(value: Tensor) -> Places:
    return value.places if value.places is not None else np.arange(value.size).reshape(value.shape)


def _arg(symbol: str, call: Call) -> list[Tensor]:
    """ArgMax, ArgMin: the first of equal ones, or with ``last`` the last."""
    value, out = call.input(0), call.out
    axis = axis_of(call, value.shape)
    lines, last = lines_of(out, value, [axis]), call.attributes["last"]
    made = call.fresh(_without(value.shape, axis, call.attributes["keep"]))
    with out.each("line", made.size) as line:
        out.line(f"size_t best = {lines.count - 1 if last else 0};")
        with out.each("step", lines.count) as step:
            out.line(f"const size_t k = {f'{lines.count - 1}u - {step}' if last else step};")
            one, other = lines.element(out, line, "k"), lines.element(out, line, "best")
            out.line(f"if ({one} {symbol} {other}) {{ best = k; }}")
        out.line(f"{out.name(made)}[{line}] = ({made.c_type})best;")
    return [made]


def _top_k(call: Call) -> list[Tensor]:
    """The first ones by size; of equal ones those that come first."""
    value, out = call.input(0), call.out
    axis, count = axis_of(call, value.shape), call.array(1)
    most = int(np.asarray(count).reshape(-1)[0])
    shape = (*value.shape[:axis], most, *value.shape[axis + 1 :])
    lines = lines_of(out, value, [axis])
    numbers, places = call.fresh(shape), call.fresh(shape, 1)
    found, at = lines_of(out, numbers, [axis]), lines_of(out, places, [axis])
    symbol = ">" if call.attributes["largest"] else "<"
    with out.loop("line", len(lines.starts)) as line, out.each("rank", most) as rank:
        out.line(f"size_t best = {lines.count};")
        with out.block(f"for (size_t k = 0; k < {lines.count}; k++)"):
            out.line("bool is_taken = false;")
            with out.block(f"for (size_t before = 0; before < {rank}; before++)" if most > 1 else ""):
                earlier = at.element(out, line, "before") if most > 1 else "0"
                if most > 1:
                    out.line(f"is_taken = is_taken || (size_t){earlier} == k;")
            better = f"{lines.element(out, line, 'k')} {symbol} {lines.element(out, line, 'best')}"
            out.line(f"if (!is_taken && (best == {lines.count} || {better})) {{ best = k; }}")
        out.line(f"{found.element(out, line, rank)} = {lines.element(out, line, 'best')};")
        out.line(f"{at.element(out, line, rank)} = ({places.c_type})best;")
    return [numbers, places]


def _without(shape: Shape, axis: int, keep: bool) -> Shape:
    return (*shape[:axis], *((1,) if keep else ()), *shape[axis + 1 :])


EMITTERS: dict[str, Emitter] = {
    "columns.chosen": _chosen,
    "choosing.gather": _gather,
    "choosing.gather_elements": _gather_elements,
    "choosing.arg_max": partial(_arg, ">"),
    "choosing.arg_min": partial(_arg, "<"),
    "choosing.top_k": _top_k,
}
