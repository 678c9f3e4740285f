"""The input schema that MLflow saves beside a model, as values."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.errors import SourceError


@dataclass(frozen=True, slots=True)
class Column:
    """One input as MLflow names it: a column of a table (``shape`` None), or a tensor."""

    name: str | None
    kind: str
    shape: tuple[int, ...] | None = None


def columns(signature: object, folder: Path) -> tuple[Column, ...]:
    """The saved inputs, or none; SourceError where they cannot be read."""
    if not isinstance(signature, dict) or not signature.get("inputs"):
        return ()
    try:
        listed = json.loads(signature["inputs"])
        return tuple(_column(one) for one in listed)
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError) as error:
        raise SourceError(
            f"the signature in {folder / 'MLmodel'} cannot be read: {error}", "save the model again"
        ) from error


def _column(one: dict[str, Any]) -> Column:
    name = None if one.get("name") is None else str(one["name"])
    if one["type"] != "tensor":
        return Column(name, str(one["type"]))
    spec = one["tensor-spec"]
    return Column(name, str(spec["dtype"]), tuple(int(size) for size in spec["shape"]))
