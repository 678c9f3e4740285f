"""Tree ensembles: a loop from each root to a leaf over flat tables, and what is done with the leaves."""

from functools import partial

import numpy as np

from packager.firmware.forest import Forest, floored, smallest
from packager.firmware.literals import as_type, literal, unsigned_for
from packager.firmware.program import Array
from packager.firmware.steps.call import Call, Emitter, UnwritableError
from packager.firmware.tensor import Tensor, known


def _ensemble(kind: str, call: Call) -> list[Tensor]:
    given, out = call.attributes, call.out
    rows = call.input(0)
    if len(rows.shape) != 2 or rows.shape[1] < given["columns"]:
        raise UnwritableError(f"trees of {given['columns']} columns on {list(rows.shape)}")
    if rows.dtype in ("int64", "int32"):
        rows = _as_single(call, rows)
    columns, thresholds, yes, no, roots, weights = (_numbers(call, at) for at in range(1, 7))
    plain = kind == "sums" and given["targets"] == 1
    leaves = len(weights) if plain else len(_numbers(call, 7))
    if rows.dtype == "float32":
        thresholds = floored(thresholds)
    forest = smallest(columns, thresholds, yes, no, roots, leaves)
    made = call.fresh((rows.shape[0], given["targets"]))
    name, start = out.contiguous(rows)
    with out.each("row", rows.shape[0]) as row:
        if forest.inner:
            out.line(f"const {rows.c_type} *const x = {_plus(name, start, row, rows.shape[1])};")
        out.line(f"{made.c_type} *const sums = {_plus(out.name(made), 0, row, given['targets'])};")
        begin = {"sums": "0", "least": "INFINITY", "most": "-INFINITY"}[kind]
        begin = begin if kind == "sums" else as_type(begin, "float", made.c_type)
        with out.loop("target", given["targets"]) as target:
            out.line(f"sums[{target}] = {begin};")
        with out.each("tree", len(forest.roots)) as tree:
            _walk(call, forest, tree, rows.c_type)
            (_add_leaf if plain else partial(_add_pairs, kind))(call, forest.inner, made.c_type)
        _finish(call, made.c_type)
    return [made]


def _as_single(call: Call, rows: Tensor) -> Tensor:
    """Whole numbers as trees compare them."""
    made = call.out.fresh("float32", rows.shape)
    with call.out.loop("i", rows.size) as i:
        call.out.line(f"{call.out.name(made)}[{i}] = (float){call.out.read(rows, i)};")
    return made


def _numbers(call: Call, at: int) -> Array:
    array = call.array(at)
    if array is None:
        raise UnwritableError("trees without their tables")
    return array.reshape(-1)


def _plus(name: str, start: int, row: str, width: int) -> str:
    parts = [name, *([str(start)] if start else []), *([f"{row} * {width}"] if row != "0" else [])]
    return " + ".join(parts)


def _walk(call: Call, forest: Forest, tree: str, c_type: str) -> None:
    """From the root to a leaf."""
    out, inner = call.out, forest.inner
    first = unsigned_for(int(forest.roots.max(initial=0)))
    root = str(forest.roots[0]) if tree == "0" else f"{out.table(forest.roots, first)}[{tree}]"
    out.line(f"size_t at = {root};")
    if not inner:
        return
    kept = "float" if forest.thresholds.dtype == np.float32 else "double"
    column = out.column(forest.columns, unsigned_for(int(forest.columns.max())))("at")
    bound = out.column(forest.thresholds, kept)("at")
    bound = as_type(bound, kept, c_type)
    yes, no = map(out.table, (forest.yes, forest.no), forest.link_types)
    with out.block(f"while (at < {inner})"):
        out.line(f"const size_t column = {column};")
        out.line(f"const {c_type} threshold = {bound};")
        asked = "x[column] <= threshold"
        if "gaps" in call.attributes:
            # From here on a column is that of the row again, where a missing value answers yes.
            count = call.attributes["columns"]
            asked = f"(column < {count} ? {asked} : !(x[column - {count}] > threshold))"
        if forest.leaves is None:
            out.line(f"at = {asked} ? {yes}[at] : {no}[at];")
            return
        out.line(f"const size_t link = {asked} ? {yes}[at] : {no}[at];")
        out.line(f"at = link < {forest.leaves} ? link + {inner} : at + link - {forest.leaves - 1};")


def _add_leaf(call: Call, inner: int, c_type: str) -> None:
    out = call.out
    weights = _numbers(call, 6)
    kept = _kept(weights)
    value = out.column(weights, kept)(f"at - {inner}" if inner else "at")
    out.line(f"sums[0] += {as_type(value, kept, c_type)};")


def _add_pairs(kind: str, call: Call, inner: int, c_type: str) -> None:
    """A leaf has a weight for each of some targets."""
    out = call.out
    weights, counts, targets = _numbers(call, 6), _numbers(call, 7), _numbers(call, 8)
    kept, leaf = _kept(weights), f"at - {inner}" if inner else "at"
    weight = out.column(weights, kept)("pair")
    weight = as_type(weight, kept, c_type)
    target = f"{out.table(targets, unsigned_for(int(targets.max(initial=0))))}[pair]"
    symbol = {"sums": "", "least": "<", "most": ">"}[kind]
    add = f"sums[{target}] += {weight};"
    if symbol:
        add = f"if ({weight} {symbol} sums[{target}]) {{ sums[{target}] = {weight}; }}"
    if (counts == 1).all():
        out.line(f"const size_t pair = {leaf};")
        out.line(add)
        return
    ends = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    name = out.table(ends, unsigned_for(int(ends[-1])))
    with out.block(f"for (size_t pair = {name}[{leaf}]; pair < {name}[{leaf} + 1]; pair++)"):
        out.line(add)


def _kept(weights: Array) -> str:
    return "float" if weights.dtype == np.float32 else "double"


def _finish(call: Call, c_type: str) -> None:
    """What is done to the sums of a row: the average, then the base."""
    given, out = call.attributes, call.out
    divisor, base = given.get("divisor", 1), given.get("base", ())
    if divisor != 1:
        with out.loop("target", given["targets"]) as target:
            out.line(f"sums[{target}] /= {literal(divisor, c_type)};")
    exact = c_type == "double" or all(float(np.float32(value)) == value for value in base)
    dtype = np.float32 if c_type == "float" and exact else np.float64
    if len(base):
        table = known(np.array(base, dtype=dtype))
        with out.loop("target", given["targets"]) as target:
            plus = out.read(table, target)
            out.line(
                f"sums[{target}] += {plus};"
                if exact
                else f"sums[{target}] = (float)((double)sums[{target}] + {plus});"
            )


EMITTERS: dict[str, Emitter] = {
    "trees.sums": partial(_ensemble, "sums"),
    "trees.least": partial(_ensemble, "least"),
    "trees.most": partial(_ensemble, "most"),
}
