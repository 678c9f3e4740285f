"""Steps of ai.onnx.ml on columns and on tables of labels: filled, scaled, exchanged, made flags."""

import numpy as np

from packager.firmware.literals import C_TYPES, literal
from packager.firmware.program import Array
from packager.firmware.steps.call import Call, Emitter, UnwritableError, lines_of
from packager.firmware.steps.elementwise import each
from packager.firmware.tensor import Shape, Tensor, known


def _of_columns(values: Array, shape: Shape) -> Array:
    """One value for all, or one for each column."""
    flat = values.reshape(-1)
    if flat.size != 1 and (not shape or shape[-1] != flat.size):
        raise UnwritableError(f"{flat.size} columns where the model has {list(shape)}")
    return flat


def _filled(call: Call) -> list[Tensor]:
    """Imputer: another value in the place of one value, or of missing ones."""
    value, fills, gap = call.input(0), call.array(1), call.attributes.get("gap")
    if fills is None:
        raise UnwritableError("Imputer without values")
    others = known(_of_columns(fills, value.shape), value.dtype)
    if gap is None and value.dtype != "float32":
        return [value]
    asked = "{0} != {0}" if gap is None else f"{{0}} == {literal(gap, value.c_type)}"
    return each(call, [value, others], lambda one, other: f"{asked.format(one)} ? {other} : {one}")


def _scaled(call: Call) -> list[Tensor]:
    """Scaler: the offset taken away, then times the scale; of doubles rounded once."""
    value, offsets, scales = call.input(0), call.array(1), call.array(2)
    if offsets is None or scales is None:
        raise UnwritableError("Scaler without an offset or a scale")
    sides = [known(_of_columns(side, value.shape).astype(value.dtype)) for side in (offsets, scales)]
    wide = value.dtype == "float64"
    return each(
        call,
        [value, *sides],
        lambda one, offset, scale: (
            f"(float)(({one} - {offset}) * {scale})" if wide else f"({one} - {offset}) * {scale}"
        ),
    )


def _of_length_one(call: Call) -> list[Tensor]:
    """Normalizer: each row divided by the sum of its sizes, or by its length; zeros stay."""
    value, out, squared = call.input(0), call.out, call.attributes["squared"]
    lines, made = lines_of(out, value, [len(value.shape) - 1]), call.fresh(value.shape)
    made_lines = lines_of(out, made, [len(value.shape) - 1])
    work = out.work("float")
    sqrt, cast = ("sqrt", "(double)") if work == "double" else ("sqrtf", "")
    with out.each("line", len(lines.starts)) as line:
        out.line(f"{work} sum = 0;")
        with out.each("k", lines.count) as k:
            out.line(f"const {value.c_type} x = {lines.element(out, line, k)};")
            part = "(float)(x * x)" if squared else "(float)(x < 0 ? -x : x)"
            out.line(f"sum += {cast}{part};")
        out.line("const float size = (float)sum;")
        with out.each("k", lines.count) as k:
            out.line(f"const {value.c_type} x = {lines.element(out, line, k)};")
            part = "(float)(x * x)" if squared else "(float)(x < 0 ? -x : x)"
            share = f"{cast}{part} / {cast}size"
            share = f"{sqrt}({share})" if squared else share
            share = f"(float)({share})" if cast else share
            out.line(f"const float share = size != 0.0f ? {share} : {part};")
            out.line(f"{made_lines.element(out, line, k)} = x < 0 ? -share : share;")
    return [made]


def _above(call: Call) -> list[Tensor]:
    """Binarizer."""
    value, threshold = call.input(0), call.attributes["threshold"]
    # Compared in double, as the threshold is given.
    limit = call.out.read(known(np.array(threshold, dtype=np.float64)), "0")
    return each(
        call, [value], lambda one: f"(double){one} > {limit} ? 1.0f : 0.0f", lambda one: f"{one} != {one}"
    )


def _exchange(call: Call) -> list[Tensor]:
    """LabelEncoder: of each value its partner, or the default; a table may have one for missing numbers."""
    value, out = call.input(0), call.out
    keys, partners, default = (call.array(at) for at in (1, 2, 3))
    if keys is None or partners is None or default is None:
        raise UnwritableError("LabelEncoder without a table")
    keys, partners = keys.reshape(-1), partners.reshape(-1)
    otherwise = default.reshape(-1)[0]
    made, target = call.fresh(value.shape), C_TYPES[call.gives[0]]
    gaps = np.flatnonzero(np.isnan(keys)) if keys.dtype.kind == "f" else np.array([], dtype=int)
    sought = np.delete(np.arange(keys.size), gaps)
    with out.each("i", made.size) as i:
        out.line(f"const {value.c_type} key = {out.read(value, i)};")
        out.line(f"{target} partner = {literal(otherwise, target)};")
        if sought.size:
            key, partner = known(keys[sought], value.dtype), known(partners[sought], call.gives[0])
            with out.loop("k", sought.size) as k:
                found = f"partner = {out.read(partner, k)};"
                out.line(f"if ({out.read(key, k)} == key) {{ {found} }}")
        if gaps.size:
            out.line(f"if (key != key) {{ partner = {literal(partners[gaps[0]], target)}; }}")
        out.line(f"{out.name(made)}[{i}] = partner;")
    return [made]


def _flags(call: Call) -> list[Tensor]:
    """OneHotEncoder: one column more, 1 at the place of the category."""
    value, out, keys = call.input(0), call.out, call.array(1)
    if keys is None:
        raise UnwritableError("OneHotEncoder without categories")
    count = call.attributes["count"]
    made, strict = call.fresh((*value.shape, count)), call.attributes["strict"]
    with out.each("i", value.size) as i:
        out.line(f"const {value.c_type} key = {out.read(value, i)};")
        if strict:
            out.line("bool is_known = false;")
        with out.each("k", count) as k:
            out.line(f"const bool is_it = key == {out.read(known(keys.reshape(-1), value.dtype), k)};")
            ahead = k if i == "0" else f"{i} * {count} + {k}"
            out.line(f"{out.name(made)}[{ahead}] = is_it ? 1.0f : 0.0f;")
            if strict:
                out.line("is_known = is_known || is_it;")
        if strict:
            out.refuse_if("!is_known")
    return [made]


EMITTERS: dict[str, Emitter] = {
    "columns.filled": _filled,
    "columns.scaled": _scaled,
    "columns.of_length_one": _of_length_one,
    "columns.above": _above,
    "labels.exchange": _exchange,
    "labels.flags": _flags,
}
