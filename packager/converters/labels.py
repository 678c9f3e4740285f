"""The labels of sample rows, and how often the source model is right on them."""

import difflib
import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import SamplesError
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import Signature
from packager.converters.source import Source
from packager.converters.table import Table, read_table
from packager.converters.tensors import Array


def take_labels(request: Request) -> tuple[Table, Array | None]:
    """The samples without their label column, and the labels."""
    assert request.samples is not None  # noqa: S101 - for the type checker; the caller asked
    table = read_table(request.samples)
    if request.labels is None:
        return table, None
    path = Path(request.labels)
    if path.is_file():
        return table, _from_file(path)
    if os.sep in request.labels:
        raise SamplesError(f"There is no labels file {path.name}", hint="check the path")
    return _from_column(table, request.labels)


def _from_column(table: Table, column: str) -> tuple[Table, Array]:
    named: dict[str, Any] = dict(table.columns or table.arrays or {})
    if column not in named:
        close = difflib.get_close_matches(column, named, 1)
        hint = f"did you mean {close[0]!r}?" if close else "labels are the name of a column, or a file"
        raise SamplesError(f"{table.name} has no column {column!r} to take the labels from", hint=hint)
    labels = _whole(table, np.asarray(named.pop(column), dtype=object).ravel())
    if table.columns is not None:
        return replace(table, columns=named), labels
    return replace(table, arrays=named), labels


def _from_file(path: Path) -> Array:
    table = read_table(path)
    columns: list[Any] = list((table.columns or table.arrays or {}).values())
    if table.matrix is not None:
        columns = [table.matrix] if table.matrix.ndim == 1 else list(table.matrix.T)
    if len(columns) != 1:
        raise SamplesError(f"{path.name} has {len(columns)} columns; labels are one column")
    return _whole(table, np.asarray(columns[0], dtype=object).ravel())


def _whole(table: Table, labels: Array) -> Array:
    """A missing label would count as a wrong answer of the model."""
    for at, label in enumerate(labels):
        gap = isinstance(label, float) and math.isnan(label)
        if label is None or gap or (isinstance(label, str) and not label.strip()):
            raise SamplesError(
                f"{table.name} has no label in row {at + table.first_row}", hint="leave out rows without one"
            )
    return labels


def accuracy(source: Source, pieces: Sequence[Rows], labels: Array) -> dict[str, Any] | None:
    """The share of right decisions, or R²; None for models that have neither decision nor single value.

    The labels are those of the rows of all pieces, in order.
    """
    signature = source.signature
    decisive = [spec for spec in signature.outputs if spec.role in ("label", "prediction")]
    if not decisive or decisive[0].class_labels:
        return None
    answers = np.concatenate([np.atleast_1d(source.answer(rows)[decisive[0].name]) for rows in pieces])
    if decisive[0].role == "label":
        classes = signature.class_labels
        decided = [classes[int(index)] for index in answers] if signature.label_is_index else list(answers)
        value = _share(decided, labels, classes)
        return {"metric": "accuracy", "value": value, "rows": len(labels)}
    if answers.dtype.kind != "f" or answers.size != len(labels):
        return None
    return {"metric": "r2", "value": _r2(answers.ravel(), labels), "rows": len(labels)}


def truth(labels: Array, signature: Signature, notes: list[str]) -> list[float] | None:
    """Each label as the place of its class, or as a number where the model names no classes.

    None where a row has several targets: one column of labels is not the truth of all.
    """
    if any(spec.class_labels for spec in signature.outputs):
        notes.append("the model decides several targets, so its own answers stand for the labels")
        return None
    if signature.class_labels:
        return _places(labels, signature.class_labels, notes)
    return _numbers(labels).tolist()


def _places(labels: Array, classes: tuple[Any, ...], notes: list[str]) -> list[float]:
    """-1, which no answer is, for a class that the model does not know."""
    _refuse_strangers([_spelled(label) for label in labels], classes)
    places = {_spelled(label): at for at, label in enumerate(classes)}
    found = [places.get(_spelled(label), -1) for label in labels]
    if -1 in found:
        notes.append(f"{found.count(-1)} rows have a label that is none of the model's classes: always wrong")
    return [float(place) for place in found]


def _numbers(labels: Array) -> Array:
    try:
        numbers = labels.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise SamplesError(
            f"The labels of a model that names no classes are numbers: {error}",
            hint="for classes give their places among the outputs: 0, 1, …",
        ) from error
    if not np.isfinite(numbers).all():
        raise SamplesError("The labels hold numbers that are not finite", hint="leave out rows without one")
    return numbers


def _share(decided: Sequence[Any], labels: Array, classes: tuple[Any, ...]) -> float:
    wanted = [_spelled(label) for label in labels]
    _refuse_strangers(wanted, classes)
    right = sum(_spelled(have) == want for have, want in zip(decided, wanted, strict=True))
    return right / len(wanted)


def _refuse_strangers(wanted: Sequence[str], classes: tuple[Any, ...]) -> None:
    """None of the labels is a class: another column was meant."""
    known = {_spelled(label) for label in classes}
    if known and known.isdisjoint(wanted):
        raise SamplesError(
            f"The labels are {', '.join(sorted(set(wanted))[:5])}, and the model's classes are "
            f"{', '.join(str(label) for label in classes[:5])}"
        )


def _spelled(label: Any) -> str:
    """One spelling for 1, 1.0, "1" and True's words, since csv files know text only."""
    if isinstance(label, bool | np.bool_):
        return str(bool(label)).lower()
    try:
        return repr(float(label))
    except (TypeError, ValueError):
        text = str(label).strip()
        return text.lower() if text.lower() in ("true", "false") else text


def _r2(answers: Array, labels: Array) -> float:
    try:
        wanted = labels.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise SamplesError(f"The labels of a regression are numbers: {error}") from error
    spread = float(((wanted - wanted.mean()) ** 2).sum())
    return 1.0 - float(((wanted - answers) ** 2).sum()) / spread if spread else 0.0
