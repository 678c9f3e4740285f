"""Encoders of categories: what each category becomes stands in a table, and one more for unknown ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from packager.converters.sklearn.own.nodes import ML, Nodes
from packager.converters.tensors import Array

LENIENT = ("infrequent_if_exist", "warn")


class GroupingEncoder(OneHotEncoder):  # type: ignore[misc]
    """What a ``OneHotEncoder`` whose rare categories share a column becomes in the copy that is converted."""


def groups(part: Any) -> bool:
    """Whether some categories of an encoder share a column for the rare ones."""
    return any(rare is not None and len(rare) for rare in getattr(part, "infrequent_categories_", None) or ())


def grouping(nodes: Nodes, part: GroupingEncoder) -> None:
    _write(nodes, part, [_grouped(part, at) for at in range(len(part.categories_))])


def _grouped(part: GroupingEncoder, at: int) -> Array:
    """One row of zeros and a one for each category; the rare ones have theirs in the last column."""
    mapping = part._default_to_infrequent_mappings[at]
    group_of = np.arange(len(part.categories_[at])) if mapping is None else np.asarray(mapping)
    rare = part._infrequent_indices[at]
    table = np.zeros((len(group_of) + 1, int(group_of.max()) + 1))
    table[np.arange(len(group_of)), group_of] = 1
    if rare is not None and part.handle_unknown in LENIENT:
        table[-1, group_of[rare[0]]] = 1
    dropped = getattr(part, "_drop_idx_after_grouping", None)
    if dropped is not None and dropped[at] is not None:
        table = np.delete(table, int(dropped[at]), axis=1)
    return table


def means(nodes: Nodes, part: Any) -> None:
    """``TargetEncoder``: of several classes each has its own mean, side by side."""
    mean = np.ravel(part.target_mean_)
    tables = []
    for at in range(len(part.categories_)):
        each = part.encodings_[at * len(mean) : (at + 1) * len(mean)]
        tables.append(np.stack([np.append(known, other) for known, other in zip(each, mean)], axis=1))
    _write(nodes, part, tables)


def of_means(operator: Any) -> None:
    """Means of texts, too, are double where the graph's numbers are: trees split between them."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    entries = operator.scope_inst.input_variables
    wide = any(isinstance(variable.type, DoubleTensorType) for variable in entries)
    operator.outputs[0].type = (DoubleTensorType if wide else FloatTensorType)([None, None])


def bins(nodes: Nodes, part: Any) -> None:
    """``KBinsDiscretizer``: the number of inner edges that a value has reached, or a one at that place."""
    value, blocks = nodes.doubles(nodes.given), []
    for at, (edges, count) in enumerate(zip(part.bin_edges_, part.n_bins_)):
        inner = np.append(np.asarray(edges, np.float64)[1:-1], np.inf)  # no axis of the graph is empty
        reached = nodes.doubles(nodes.add("GreaterOrEqual", nodes.column(value, at), inner[None]))
        found = nodes.total(reached, 1)
        if part.encode != "ordinal":
            found = nodes.doubles(nodes.add("Equal", found, np.arange(count, dtype=np.float64)[None]))
        blocks.append(found)
    nodes.give(blocks[0] if len(blocks) == 1 else nodes.add("Concat", *blocks, axis=1))


def _write(nodes: Nodes, part: Any, tables: list[Array]) -> None:
    columns = _columns(nodes, len(tables))
    blocks = [
        nodes.add("Gather", table, _places(nodes, column, kind, np.asarray(known)), axis=0)
        for (column, kind), known, table in zip(columns, part.categories_, tables)
    ]
    nodes.give(blocks[0] if len(blocks) == 1 else nodes.add("Concat", *blocks, axis=1))


def _columns(nodes: Nodes, count: int) -> Iterator[tuple[str, str]]:
    """Each column as a vector, with its kind."""
    for variable in nodes.operator.inputs:
        width = count if len(nodes.operator.inputs) == 1 else int(variable.type.shape[1] or 1)
        for at in range(width):
            yield (
                nodes.add("Gather", variable.full_name, np.int64(at), axis=1),
                type(variable.type).__name__,
            )


def _places(nodes: Nodes, column: str, kind: str, known: Array) -> str:
    """Where each value stands among the categories; behind the last if it is none of them."""
    count = len(known)
    if kind in ("StringTensorType", "Int64TensorType"):
        keys: dict[str, Any] = (
            {"keys_strings": [str(value) for value in known]}
            if kind == "StringTensorType"
            else {"keys_int64s": [int(value) for value in known]}
        )
        places = list(range(count))
        return nodes.add("LabelEncoder", column, domain=ML, values_int64s=places, default_int64=count, **keys)
    values = known.astype(np.float64)
    value = nodes.shaped(nodes.doubles(column), -1, 1)
    met = nodes.add("Equal", value, values[None])
    if np.isnan(values).any():
        met = nodes.add("Or", met, nodes.add("And", nodes.add("IsNaN", value), np.isnan(values)[None]))
    unknown = nodes.add("Expand", np.array([[0.5]]), nodes.add("Shape", value))
    return nodes.first_of_the_largest(nodes.add("Concat", nodes.doubles(met), unknown, axis=1))
