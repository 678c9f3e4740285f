"""Inputs for a TFLite model that came without rows: within the tables that they are places in."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from packager.converters.onnx.trial import working_rows
from packager.converters.rows import Rows
from packager.converters.signature import NUMPY_TYPES, Signature
from packager.converters.tflite.reading import Served

# Operators that take rows out of a table: which input is the table, and which are the places in it.
_LOOKUPS = {"GATHER": (0, 1), "EMBEDDING_LOOKUP": (1, 0)}
_PASSES_ON = frozenset({"CAST", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"})
_PIECES = 4


def invent(
    signature: Signature, found: Served, count: int, seed: int, run: Callable[[Rows], None]
) -> list[Rows]:
    """As for other tensors; a fixed batch several times, and codes over their whole range."""
    bounds = table_sizes(found)
    made = [
        rows
        for turn in range(1 if signature.inputs[0].batched else _PIECES)
        for rows in working_rows(signature, count, seed + turn, run, bounds)
    ]
    return [_coded(rows, found, seed + at) for at, rows in enumerate(made)]


def table_sizes(found: Served) -> dict[str, int]:
    """By input, how many rows the smallest table has that its values are places in."""
    graph = found.graph
    carriers = {at: name for name, at in found.input_places.items()}
    sizes: dict[str, int] = {}
    for operator in graph.operators:
        if operator.kind in _PASSES_ON and operator.inputs and operator.inputs[0] in carriers:
            carriers[operator.outputs[0]] = carriers[operator.inputs[0]]
        table, place = _LOOKUPS.get(operator.kind, (0, 0))
        if table == place or len(operator.inputs) < 2 or operator.inputs[place] not in carriers:
            continue
        shape = graph.tensors[operator.inputs[table]].shape
        name = carriers[operator.inputs[place]]
        if shape:
            sizes[name] = min(shape[0], sizes.get(name, shape[0]))
    return sizes


def _coded(rows: Rows, found: Served, seed: int) -> Rows:
    random = np.random.default_rng(seed)
    columns = dict(rows.columns)
    for name, tensor in found.inputs.items():
        if tensor.scale and not tensor.dtype.startswith("float"):
            kind = np.iinfo(NUMPY_TYPES[tensor.dtype])
            columns[name] = random.integers(
                kind.min, kind.max, columns[name].shape, dtype=kind.dtype, endpoint=True
            )
    return replace(rows, columns=columns)
