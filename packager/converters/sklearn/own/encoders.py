"""Encoders of categories: what each category becomes stands in a table, and one more for unknown ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from packager.converters.sklearn.own.nodes import ML, Nodes
from packager.converters.tensors import Array

_LENIENT = ("infrequent_if_exist", "warn")


class FlagEncoder(OneHotEncoder):  # type: ignore[misc]
    """What a ``OneHotEncoder`` becomes in the copy that is converted."""


class CodeEncoder(OneHotEncoder):  # type: ignore[misc]
    """What an ``OrdinalEncoder`` becomes: by its ancestor its columns come each with its own kind."""

    def get_feature_names_out(self, input_features: Any = None) -> Any:  # noqa: ARG002
        raise ValueError("its numbers have no names")  # skl2onnx asks, and takes this for an answer


def flags(nodes: Nodes, part: FlagEncoder) -> None:
    _write(nodes, part, [_flags_of(part, at) for at in range(len(part.categories_))])


def _flags_of(part: FlagEncoder, at: int) -> Array:
    """One row of zeros and a one for each category; the rare ones have theirs in the last column."""
    group_of, rare = _groups(part, at), _rare(part, at)
    table = np.zeros((len(group_of) + 1, int(group_of.max()) + 1))
    table[np.arange(len(group_of)), group_of] = 1
    if rare is not None and part.handle_unknown in _LENIENT:
        table[-1, group_of[rare[0]]] = 1
    dropped = getattr(part, "_drop_idx_after_grouping", None)
    dropped = getattr(part, "drop_idx_", None) if dropped is None else dropped
    if dropped is not None and dropped[at] is not None:
        table = np.delete(table, int(dropped[at]), axis=1)
    return table


def _groups(part: Any, at: int) -> Array:
    """The number that each category has, which the rare ones share."""
    mappings = getattr(part, "_default_to_infrequent_mappings", None)
    mapping = None if mappings is None else mappings[at]
    return np.arange(len(part.categories_[at])) if mapping is None else np.asarray(mapping)


def _rare(part: Any, at: int) -> Any:
    found = getattr(part, "_infrequent_indices", None)
    return None if found is None else found[at]


def codes(nodes: Nodes, part: CodeEncoder) -> None:
    _write(nodes, part, [_codes_of(part, at) for at in range(len(part.categories_))])


def _codes_of(part: Any, at: int) -> Array:
    """The number of each category, of a missing value, and of an unknown one."""
    groups = _groups(part, at)
    table = np.full(len(part.categories_[at]), np.nan)
    table[: len(groups)] = groups  # of the rare ones and their like; a missing value is none of them
    missing = getattr(part, "_missing_indices", {})
    if at in missing:
        table[missing[at]] = getattr(part, "encoded_missing_value", np.nan)
    unknown = part.unknown_value if part.handle_unknown == "use_encoded_value" else np.nan
    return np.append(table, unknown)[:, None]


def means(nodes: Nodes, part: Any) -> None:
    """``TargetEncoder``: of several classes each has its own mean, side by side."""
    mean = np.ravel(part.target_mean_)
    tables = []
    for at in range(len(part.categories_)):
        each = part.encodings_[at * len(mean) : (at + 1) * len(mean)]
        tables.append(np.stack([np.append(known, other) for known, other in zip(each, mean)], axis=1))
    _write(nodes, part, tables)


def of_numbers(operator: Any) -> None:
    """Numbers for texts, too, are double where the graph's numbers are: trees split between them."""
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
    nodes.give(nodes.beside(blocks))


def _write(nodes: Nodes, part: Any, tables: list[Array]) -> None:
    columns = _columns(nodes, len(tables))
    blocks = [
        nodes.add("Gather", table, _places(nodes, column, kind, np.asarray(known)), axis=0)
        for (column, kind), known, table in zip(columns, part.categories_, tables)
    ]
    nodes.give(nodes.beside(blocks))


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
