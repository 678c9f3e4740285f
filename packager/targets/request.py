"""Example requests of an artifact, made of real rows: its events and its pages show them."""

import base64
import math
from typing import Any

from packager.model import MISSING_TEXT, Feature, Signature

BATCH_ROWS = 3
_MOST_NUMBERS = 64
"""Longer tensors travel as base64: lists of numbers are for people to read."""
_MOST_NUMBERS_IN_ROW = 2048


def single_request(signature: Signature, cases: list[dict[str, Any]]) -> dict[str, Any]:
    """One row as a request document: its features in order, or its tensors by name."""
    inputs = cases[0]["inputs"]
    if signature.features:
        return {"features": list(_row(signature.features, inputs, 0).values())}
    return {"inputs": {name: _tensor(document) for name, document in inputs.items()}}


def batch_request(signature: Signature, cases: list[dict[str, Any]]) -> dict[str, Any] | None:
    """A few rows: objects by feature name, or nested lists; None when the model takes no batch of rows."""
    inputs = cases[-1]["inputs"]
    if signature.features:
        rows = range(min(BATCH_ROWS, _row_count(inputs)))
        return {"instances": [_row(signature.features, inputs, row) for row in rows]}
    free = all(spec.shape and spec.shape[0] == "batch" for spec in signature.inputs)
    if not free or any(_row_size(document) > _MOST_NUMBERS_IN_ROW for document in inputs.values()):
        return None
    values = {name: _nested(document) for name, document in inputs.items()}
    if any(not _finite(value) for value in values.values()):
        return None
    rows = range(min(BATCH_ROWS, _row_count(inputs)))
    if len(values) == 1:
        (only,) = values.values()
        return {"instances": [only[row] for row in rows]}
    return {"instances": [{name: value[row] for name, value in values.items()} for row in rows]}


def _row(features: tuple[Feature, ...], inputs: dict[str, Any], row: int) -> dict[str, Any]:
    columns = {name: _nested(document) for name, document in inputs.items()}
    found = ((feature, columns[feature.input][row][feature.column]) for feature in features)
    return {feature.name: _value(feature, value) for feature, value in found}


def _value(feature: Feature, value: Any) -> Any:
    """A cell as a user would write it: whole numbers without a point, a missing one as null."""
    if value == MISSING_TEXT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if feature.kind == "integer":
        return int(value)
    return bool(value) if feature.kind == "boolean" else value


def _nested(document: dict[str, Any]) -> Any:
    """A tensor's values as nested lists, each number written as short as its dtype allows."""
    import numpy as np

    if document["dtype"] == "string":
        return np.array(document["data"], dtype=object).reshape(document["shape"]).tolist()
    raw = np.frombuffer(
        base64.b64decode(document["b64"]), dtype=np.dtype(document["dtype"]).newbyteorder("<")
    )
    values = [float(str(value)) for value in raw] if raw.dtype.kind == "f" else raw.tolist()
    return np.array(values, dtype=object).reshape(document["shape"]).tolist()


def _tensor(document: dict[str, Any]) -> Any:
    """Nested lists while they are short and JSON can hold them; else the tensor document as it is."""
    if math.prod(document["shape"]) <= _MOST_NUMBERS:
        nested = _nested(document)
        if _finite(nested):
            return nested
    return document


def _finite(value: Any) -> bool:
    if isinstance(value, list):
        return all(_finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)


def _row_count(inputs: dict[str, Any]) -> int:
    return min(int(document["shape"][0]) for document in inputs.values())


def _row_size(document: dict[str, Any]) -> int:
    return math.prod(document["shape"][1:])
