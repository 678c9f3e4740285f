"""Which columns take a missing value: asked of the model itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, translated
from packager.converters.rows import Rows
from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.presenting import present
from packager.converters.tensors import Array

_ASKED_ONE_BY_ONE = 128


def nullable_names(model: Any, columns: Columns, probe: Rows) -> set[str]:
    """All columns at once first: most models take missing values everywhere or nowhere."""
    if columns.texts:
        return set()
    asked = [feature.name for feature in columns.features if feature.kind in ("number", "text")]
    if not asked or _answers(model, columns, probe, asked):
        return set(asked)
    if len(asked) > _ASKED_ONE_BY_ONE:
        return set()
    return {name for name in asked if _answers(model, columns, probe, [name])}


def answers_alike(graph: Path, inputs: Mapping[str, Array], expected: Mapping[str, Array]) -> bool:
    """Ask the graph by the engine's package. A graph that fails, or a missing package, is a no."""
    try:
        with translated(ConversionError, "the graph cannot be asked"):
            found = _ask(graph, inputs)
    except ConversionError:
        return False
    numbers = [name for name, array in expected.items() if array.dtype.kind == "f"]
    if numbers:  # a label follows from the probabilities, but for ties
        return all(
            np.allclose(
                found[name], _rounded(expected[name], found[name]), rtol=1e-4, atol=1e-4, equal_nan=True
            )
            for name in numbers
        )
    return all(np.array_equal(found[name], array) for name, array in expected.items())


def _rounded(expected: Array, found: Array) -> Array:
    """What single precision has no number for is infinite there, by whatever way it was reached."""
    with np.errstate(over="ignore"):
        return expected.astype(found.dtype)


def _ask(graph: Path, inputs: Mapping[str, Array]) -> dict[str, Array]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs))))


def _answers(model: Any, columns: Columns, probe: Rows, missing: list[str]) -> bool:
    emptied = {
        name: np.full(len(values), np.nan, object if values.dtype.kind == "O" else np.float64)
        if name in missing
        else values
        for name, values in probe.columns.items()
    }
    ask = model.predict if hasattr(model, "predict") else model.transform
    try:
        answer = ask(present(Rows(emptied), columns))
    except (ValueError, TypeError):
        return False
    dense = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
    return dense.dtype.kind != "f" or bool(np.isfinite(dense).all())
