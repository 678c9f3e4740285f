"""Which inputs of a graph are places in a table (words, mostly), and how many rows the table has."""

from typing import Any

# Operators whose output holds the input's own values, in another order, shape or dtype.
_SAME_VALUES = frozenset(
    {"Cast", "Expand", "Flatten", "Identity", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"}
)


def table_bounds(graph: Any) -> dict[str, int]:
    """For each input whose values are places in a weight: one more than the largest that every table has."""
    sizes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    origin = {value.name: value.name for value in graph.input}
    bounds: dict[str, int] = {}
    for node in graph.node:
        if node.op_type in _SAME_VALUES and node.input and node.input[0] in origin:
            origin[node.output[0]] = origin[node.input[0]]
        if node.op_type == "Gather" and node.input[1] in origin and sizes.get(node.input[0]):
            shape = sizes[node.input[0]]
            axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
            if -len(shape) <= axis < len(shape):
                name = origin[node.input[1]]
                bounds[name] = min(bounds.get(name, shape[axis]), shape[axis])
    return {name: rows for name, rows in bounds.items() if rows > 0}
