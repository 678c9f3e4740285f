"""Rows for passes over ONNX graphs, a few at a time, and what a graph answers to them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, SamplesError
from packager.converters.onnx.engine import open_session, run_session
from packager.converters.passes.step import Step
from packager.converters.signature import Signature
from packager.converters.tensors import Array, array_of

FEWEST = 8
"""Of fewer rows no range between layers can be known. A model that takes whole inputs may do with one."""
# Each run keeps every tensor of the graph.
_TOGETHER = 16
Inputs = Mapping[str, Array]
Answers = Sequence[Array]


@dataclass(frozen=True, slots=True)
class CalibrationRows:
    """``pieces``: what the graph is run on, one after the other; ``count``: the rows in all of them."""

    pieces: tuple[Inputs, ...]
    count: int

    def first(self, count: int) -> "CalibrationRows":
        """The first ones, at least one piece."""
        taken, total = [], 0
        for piece in self.pieces:
            taken.append(piece)
            total += max(len(array) if array.ndim else 1 for array in piece.values())
            if total >= count:
                break
        return CalibrationRows(tuple(taken), min(total, self.count))


def calibration_rows(step: Step, why: str) -> CalibrationRows:
    """Real rows, and enough of them; ``why`` says what for."""
    if step.calibration is None:
        raise SamplesError(f"{why} needs real rows", hint="give rows of the real kind: --samples FILE")
    rows = read_rows(step.calibration, step.signature)
    if step.signature.rowwise and rows.count < FEWEST:
        there = "there is" if rows.count == 1 else "there are"
        raise SamplesError(
            f"{why} needs at least {FEWEST} rows, and {there} {rows.count}", hint="give more samples"
        )
    _refuse_what_is_not_finite(rows)
    return rows


def read_rows(path: Path, signature: Signature) -> CalibrationRows:
    """The inputs of a cases file; where the batch is free they are cut into pieces of one size."""
    document = json.loads(path.read_text(encoding="utf-8"))
    wanted = {spec.name for spec in signature.inputs}
    cases = [
        {name: array_of(tensor) for name, tensor in case["inputs"].items() if name in wanted}
        for case in document["cases"]
    ]
    pieces = tuple(piece for case in cases for piece in _cut(case, signature))
    rowwise = signature.rowwise
    count = sum(len(next(iter(piece.values()))) for piece in pieces) if rowwise else len(pieces)
    return CalibrationRows(pieces, count)


def _cut(case: Inputs, signature: Signature) -> list[Inputs]:
    if not all(spec.batched for spec in signature.inputs):
        return [case]
    rows = min(len(array) for array in case.values())
    return [
        {name: array[at : at + _TOGETHER] for name, array in case.items()} for at in range(0, rows, _TOGETHER)
    ]


def _refuse_what_is_not_finite(rows: CalibrationRows) -> None:
    for piece in rows.pieces:
        for name, array in piece.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise SamplesError(
                    f"The calibration rows have values of {name} that are missing or infinite: "
                    "no range covers them",
                    hint="give samples without gaps",
                )


def answers_of(model: Any, rows: CalibrationRows) -> list[Answers]:
    """Of each piece."""
    session = open_session(model.SerializeToString())
    return [run_session(session, piece) for piece in rows.pieces]


def distance(before: Sequence[Answers], after: Sequence[Answers]) -> float:
    """How far answers moved, relative to their size, over all outputs of floating point numbers (L2).

    Of a model that answers with whole numbers or texts alone: the share of those that are others.
    """
    moved = size = 0.0
    changed: list[float] = []
    for was, now in zip(before, after, strict=True):
        for one, other in zip(was, now, strict=True):
            if one.dtype.kind == "f":
                finite = np.isfinite(one)
                with np.errstate(invalid="ignore"):
                    gone = (other - one)[finite].astype(np.float64)
                moved += float(np.square(gone).sum())
                size += float(np.square(one[finite].astype(np.float64)).sum())
            else:
                changed.append(float(np.mean(one != other)) if one.size else 0.0)
    if size:
        return float(np.sqrt(moved / size))
    return float(np.mean(changed)) if changed else float(np.sqrt(moved))


def refuse_other_answers(before: Sequence[Answers], after: Sequence[Answers], what: str) -> None:
    """To the last digits of single precision, and every decision: else ConversionError with the number."""
    for was, now in zip(before, after, strict=True):
        for one, other in zip(was, now, strict=True):
            if one.shape != other.shape or one.dtype != other.dtype:
                raise ConversionError(f"{what} answers with another shape: it is left as it is")
            if one.dtype.kind != "f":
                same = np.array_equal(one, other)
            else:
                scale = 1.0 + float(np.abs(np.nan_to_num(one, posinf=0, neginf=0)).max(initial=0))
                same = np.allclose(one, other, rtol=1e-4, atol=1e-5 * scale, equal_nan=True)
            if not same:
                raise ConversionError(f"{what} answers otherwise than before: it is left as it is")
