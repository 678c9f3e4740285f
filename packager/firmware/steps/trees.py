"""Tree ensembles as flat tables and one loop: the inner nodes' columns, thresholds and two children each.

A child from the count of inner nodes on is a leaf. Subtrees that are alike are one, and numbers that come
again and again are places in a shorter table: flash is what a microcontroller has least of.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from packager.firmware.literals import literal, unsigned_for
from packager.firmware.program import Array
from packager.firmware.steps.call import Call, Emitter, UnwritableError
from packager.firmware.tensor import Tensor, known

_Node = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Forest:
    """The inner nodes in the order in which a row meets them; leaves behind them."""

    columns: Array
    thresholds: Array
    yes: Array
    no: Array
    roots: Array

    @property
    def inner(self) -> int:
        """How many inner nodes there are."""
        return len(self.columns)


def shared(columns: Array, thresholds: Array, yes: Array, no: Array, roots: Array, leaves: int) -> Forest:
    """The tables of the engine tiny (`docs/contracts.md`) with subtrees that are alike made one."""
    bits = thresholds.view(f"u{thresholds.itemsize}")
    made: dict[_Node, int] = {}
    nodes: list[_Node] = []
    found: list[int] = []  # of each node: a leaf from 0 on, or -1 - the place of an inner one

    def child(link: int, at: int) -> int:
        return link if link >= 0 else found[at + link]

    for at, column in enumerate(columns.tolist()):
        node = (column, at, child(int(yes[at]), at), child(int(no[at]), at))
        if node[2] == node[3]:
            found.append(node[2])  # whatever the answer
            continue
        key = (column, int(bits[at]), node[2], node[3])
        if key not in made:
            made[key] = -1 - len(nodes)
            nodes.append(node)
        found.append(made[key])
    tops = [int(root) if root < leaves else found[int(root) - leaves] for root in roots]
    order = _order(nodes, tops)
    places = {node: place for place, node in enumerate(order)}

    def place(child: int) -> int:
        return len(order) + child if child >= 0 else places[-1 - child]

    kept = [nodes[node] for node in order]
    return Forest(
        np.array([node[0] for node in kept], dtype=np.int64),
        thresholds[[node[1] for node in kept]],
        np.array([place(node[2]) for node in kept], dtype=np.int64),
        np.array([place(node[3]) for node in kept], dtype=np.int64),
        np.array([place(top) for top in tops], dtype=np.int64),
    )


def _order(nodes: list[_Node], tops: list[int]) -> list[int]:
    """Inner nodes that a root leads to, each before what comes after it where that is not known yet."""
    order: dict[int, None] = {}
    for top in tops:
        waiting = [top]
        while waiting:
            node = waiting.pop()
            if node >= 0 or -1 - node in order:
                continue
            order[-1 - node] = None
            _, _, yes, no = nodes[-1 - node]
            waiting += [no, yes]
    return list(order)


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
    forest = shared(columns, thresholds, yes, no, roots, leaves)
    made = call.fresh((rows.shape[0], given["targets"]))
    name, start = out.contiguous(rows)
    with out.each("row", rows.shape[0]) as row:
        out.line(f"const {rows.c_type} *const x = {_plus(name, start, row, rows.shape[1])};")
        out.line(f"{made.c_type} *const sums = {_plus(out.name(made), 0, row, given['targets'])};")
        begin = {"sums": "0", "least": "INFINITY", "most": "-INFINITY"}[kind]
        with out.loop("target", given["targets"]) as target:
            out.line(
                f"sums[{target}] = {begin if made.c_type == 'float' or kind == 'sums' else f'(double){begin}'};"
            )
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


def floored(thresholds: Array) -> Array:
    """The largest numbers of single precision that are not above: those that numbers of single precision are
    compared with to the same effect."""
    with np.errstate(over="ignore"):
        single = thresholds.astype(np.float32)
    above = single.astype(np.float64) > thresholds.astype(np.float64)
    return np.where(above, np.nextafter(single, np.float32(-np.inf)), single)


def _plus(name: str, start: int, row: str, width: int) -> str:
    parts = [name, *([str(start)] if start else []), *([f"{row} * {width}"] if row != "0" else [])]
    return " + ".join(parts)


def _walk(call: Call, forest: Forest, tree: str, c_type: str) -> None:
    """From the root to a leaf."""
    out, inner = call.out, forest.inner
    highest = int(max(forest.roots.max(initial=0), forest.yes.max(initial=0), forest.no.max(initial=0)))
    small = unsigned_for(highest)
    out.line(
        f"size_t at = {out.read(known(forest.roots), tree) if len(forest.roots) == 1 else f'{out.table(forest.roots, small)}[{tree}]'};"
    )
    if not inner:
        return
    kept = "float" if forest.thresholds.dtype == np.float32 else "double"
    column = out.column(forest.columns, unsigned_for(int(forest.columns.max())))("at")
    bound = out.column(forest.thresholds, kept)("at")
    bound = bound if kept == c_type else f"({c_type}){bound}"
    yes, no = out.table(forest.yes, small), out.table(forest.no, small)
    with out.block(f"while (at < {inner})"):
        out.line(f"const size_t column = {column};")
        out.line(f"const {c_type} threshold = {bound};")
        asked = "x[column] <= threshold"
        if "gaps" in call.attributes:
            # From here on a column is that of the row again, where a missing value answers yes.
            count = call.attributes["columns"]
            asked = f"(column < {count} ? {asked} : !(x[column - {count}] > threshold))"
        out.line(f"at = {asked} ? {yes}[at] : {no}[at];")


def _add_leaf(call: Call, inner: int, c_type: str) -> None:
    out = call.out
    weights = _numbers(call, 6)
    kept = _kept(weights)
    value = out.column(weights, kept)(f"at - {inner}" if inner else "at")
    out.line(f"sums[0] += {value if kept == c_type else f'({c_type}){value}'};")


def _add_pairs(kind: str, call: Call, inner: int, c_type: str) -> None:
    """A leaf has a weight for each of some targets."""
    out = call.out
    weights, counts, targets = _numbers(call, 6), _numbers(call, 7), _numbers(call, 8)
    kept, leaf = _kept(weights), f"at - {inner}" if inner else "at"
    weight = out.column(weights, kept)("pair")
    weight = weight if kept == c_type else f"({c_type}){weight}"
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
