"""Runs one case as a user would: `packager build` into a scratch folder, judged by the shipped runtime."""

import json
import time
import warnings
from pathlib import Path
from typing import Any

from packager.build import build
from packager.config import parse
from packager.errors import PackagerError
from packager.results import BuildReport
from packager.source_files import size_of
from tests.matrix.case import Case, Files, Outcome, TinyOutcome
from tests.matrix.tiny import beside_onnxruntime

_TINY_DIFFERENCE = 1e-4
"""In the unit of the output: sums in single precision are added in groups by ONNX Runtime."""


def run(case: Case, folder: Path) -> Outcome:
    """The case's outcome; errors other than packager's own pass through, and fail the matrix."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library says while a model is trained is not ours
        made = case.make(folder)
    began = time.monotonic()
    try:
        report = build(parse(_settings(case, made, folder), case.id), job=folder / "job")
    except PackagerError as error:
        return Outcome(case, time.monotonic() - began, error=(type(error).__name__, error.message))
    return _outcome(case, made, report, time.monotonic() - began, beside_onnxruntime(folder / "job"))


def fault(outcome: Outcome) -> str | None:
    """In what the outcome is not as its case states; None: it is."""
    if outcome.case.refused is None:
        if outcome.error is not None:
            return f"it is refused: {outcome.error[1]}"
        answered = outcome.rows > 0 and outcome.label_flips == 0
        return _tiny_fault(outcome) if answered else f"{outcome.rows} rows, {outcome.label_flips} flips"
    kind, word = outcome.case.refused
    if outcome.error is None:
        return "it is not refused"
    as_stated = outcome.error[0] == kind and word in outcome.error[1]
    return None if as_stated else f"it is refused otherwise: {outcome.error[0]}: {outcome.error[1]}"


def _tiny_fault(outcome: Outcome) -> str | None:
    tiny = outcome.tiny
    if tiny is None or (tiny.label_flips == 0 and tiny.max_abs_error < _TINY_DIFFERENCE):
        return None
    return f"tiny and ONNX Runtime differ: {tiny.label_flips} flips, {tiny.max_abs_error:.1e}"


def _settings(case: Case, made: Files, folder: Path) -> dict[str, Any]:
    return {
        "model": made.model,
        "name": "model",
        "output": folder / "dist",
        "format": case.format,
        "target": [{"kind": "aws_lambda", "http": "none"}],
        **made.settings,
    }


def _outcome(
    case: Case, made: Files, report: BuildReport, seconds: float, tiny: TinyOutcome | None
) -> Outcome:
    (artifact,) = report.artifacts
    found, record = report.verification, report.conversion
    source = json.loads((artifact.path / "build.json").read_text(encoding="utf-8"))["source"]
    written = f", written by {source['written_by']}" if source["written_by"] else ""
    return Outcome(
        case,
        seconds,
        versions=f"{source['framework_version']}{written}",
        converter=record.converter,
        rows=found.rows,
        rows_from=found.source_of_rows,
        label_flips=found.label_flips,
        max_abs_error=found.max_abs_error,
        source_bytes=size_of(made.model),
        model_bytes=size_of(artifact.path / "function" / "model"),
        engine=report.engine.engine,
        why=report.engine.why,
        tiny=tiny,
    )
