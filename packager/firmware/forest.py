"""Trees as flat tables: the inner nodes' columns, thresholds and two children each; leaves come behind them.

Flash is what a microcontroller has least of, so of several forms the smallest is taken: with subtrees that
are alike made one, or each tree for itself, whose children are near enough for one byte to say how near.
"""

from dataclasses import dataclass, replace

import numpy as np

from packager.firmware.literals import BYTES, unsigned_for
from packager.firmware.palette import packed_bytes
from packager.firmware.program import Array

_Node = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Forest:
    """The inner nodes in the order in which a row meets them.

    A child, and a root, from the count of inner nodes on is a leaf. With ``leaves`` a child below that is a
    leaf, and another one tells how far behind the node it stands, from 1.
    """

    columns: Array
    thresholds: Array
    yes: Array
    no: Array
    roots: Array
    leaves: int | None = None

    @property
    def inner(self) -> int:
        """How many inner nodes there are."""
        return len(self.columns)

    @property
    def link_types(self) -> tuple[str, str]:
        """The types of the children for yes and for no."""
        return unsigned_for(int(self.yes.max(initial=0))), unsigned_for(int(self.no.max(initial=0)))

    @property
    def size_bytes(self) -> int:
        """What the tables of the nodes take."""
        links = sum(BYTES[c_type] for c_type in self.link_types) * self.inner
        columns = self.columns.astype(np.uint8 if self.columns.max(initial=0) < 256 else np.uint16)
        return links + packed_bytes(columns) + packed_bytes(self.thresholds)


def smallest(columns: Array, thresholds: Array, yes: Array, no: Array, roots: Array, leaves: int) -> Forest:
    """The smallest form of the tables of the engine tiny (`docs/contracts.md`)."""
    forms = [_laid(columns, thresholds, yes, no, roots, leaves, merge=merge) for merge in (True, False)]
    near = [found for form in forms if (found := _nearby(form, leaves)) is not None]
    return min([*forms, *near], key=lambda forest: forest.size_bytes)


def _nearby(forest: Forest, leaves: int) -> Forest | None:
    """The same with children told by their distance; None where one stands before its parent."""
    at, inner = np.arange(forest.inner), forest.inner
    links = []
    for children in (forest.yes, forest.no):
        ahead = children - at
        if (ahead < 1).any():
            return None
        links.append(np.where(children >= inner, children - inner, leaves + ahead - 1))
    return replace(forest, yes=links[0], no=links[1], leaves=leaves)


def _laid(
    columns: Array, thresholds: Array, yes: Array, no: Array, roots: Array, leaves: int, *, merge: bool
) -> Forest:
    """Children by their places; with ``merge`` subtrees that are alike are one."""
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
        key = (column, int(bits[at]) if merge else -1 - at, node[2], node[3])
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


def floored(thresholds: Array) -> Array:
    """The largest numbers of single precision that are not above: those that numbers of single precision are
    compared with to the same effect."""
    with np.errstate(over="ignore"):
        single = thresholds.astype(np.float32)
    above = single.astype(np.float64) > thresholds.astype(np.float64)
    return np.where(above, np.nextafter(single, np.float32(-np.inf)), single)
