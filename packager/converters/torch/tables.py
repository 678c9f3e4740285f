"""Which inputs of a program are places in a table (words, mostly), and how many rows the table has."""

from typing import Any

# Operators whose output holds the input's own values, in another order, shape or dtype.
_SAME_VALUES = frozenset(
    {
        "_to_copy", "alias", "clone", "contiguous", "detach", "expand", "flatten", "permute", "reshape",
        "select", "slice", "squeeze", "to", "transpose", "unsqueeze", "view",
    }
)  # fmt: skip
# By operator: which argument is the table, which the places, and the axis (None: its second argument).
_TABLES: dict[str, tuple[int, int, int | None]] = {
    "embedding": (0, 1, 0),
    "embedding_bag": (0, 1, 0),
    "_embedding_bag": (0, 1, 0),
    "index_select": (0, 2, None),
    "gather": (0, 2, None),
    "one_hot": (1, 0, None),
}


def table_bounds(program: Any) -> dict[str, int]:
    """For each input whose values are places: one more than the largest that every table has."""
    placeholders = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    bounds = {}
    for name in program.graph_signature.user_inputs:
        if name in placeholders and (found := _rows(placeholders[name])):
            bounds[name] = min(found)
    return bounds


def _rows(source: Any) -> list[int]:
    found, waiting, seen = [], [source], set()
    while waiting:
        node = waiting.pop()
        for user in node.users:
            if user in seen or not hasattr(user.target, "_schema"):
                continue
            seen.add(user)
            operator = user.target._schema.name.removeprefix("aten::")
            if operator in _SAME_VALUES:
                waiting.append(user)
            elif (rows := _table_rows(operator, user, node)) is not None:
                found.append(rows)
    return found


def _table_rows(operator: str, user: Any, places: Any) -> int | None:
    if operator not in _TABLES:
        return None
    table, which, fixed_axis = _TABLES[operator]
    if which >= len(user.args) or user.args[which] is not places:
        return None
    if operator == "one_hot":
        return int(user.args[1]) if len(user.args) > 1 and user.args[1] > 0 else None
    axis = fixed_axis if fixed_axis is not None else user.args[1]
    size = user.args[table].meta["val"].shape[axis]
    return size if isinstance(size, int) else None
