"""Proves a batch job: the golden rows go through it as files, and its answers are held to the source's."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager import probe, tools, verify
from packager.config import Configuration
from packager.conversion import Conversion
from packager.errors import VerificationError
from packager.invoke import job_rows
from packager.invoke.job import Job, open_job
from packager.invoke.job_rows import Rows
from packager.model import Signature
from packager.preflight import ReadOnly
from packager.probe import Answers, Array, Case
from packager.progress import Steps
from packager.results import RowSource, Tolerance, Verification
from packager.targets import Target
from packager.targets.batch.target import Batch

_LAST_LINES = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job is held to: cases with the source's answers, whose they are, and what may differ."""

    signature: Signature
    cases: Sequence[Case]
    source_of_rows: RowSource
    tolerance: dict[str, Tolerance]


RunBy = tuple[Path, Path | None]
"""A Python, and for another processor this machine's library of the engine."""


def check(
    target: Target,
    root: Path,
    run_by: RunBy,
    converted: Conversion,
    configuration: Configuration,
    steps: Steps,
) -> None:
    """The rows that the build compares, once more through the whole job; nothing for another target."""
    if not isinstance(target, Batch):
        return
    with steps.step("job") as step:
        signature, cases = converted.model.signature, probe.read_cases(converted.reference)
        tolerance = verify.tolerances(signature, cases, configuration.tolerance)
        asked = Asked(signature, cases, converted.source_of_rows, tolerance)
        step.detail = prove(root, run_by, asked, step.say, offline=configuration.offline)


def prove(root: Path, run_by: RunBy, asked: Asked, say: tools.Progress, *, offline: bool) -> str:
    """Run the job in ``root`` over the rows in every form of a file that they have; what was seen, in words.

    VerificationError where it answers otherwise, loses a row, or answers one that the model does not take.
    """
    rows = job_rows.rows_of(asked.signature, asked.cases)
    if rows is None:
        raise VerificationError(
            "the model takes no rows, since its tensors have no batch in common, and a batch job is for rows",
            "build it for another target, or from a model whose inputs begin with a batch",
        )
    python, library = run_by
    job = open_job(root, python, library, say, offline=offline)
    forms = {"parquet": rows}
    if asked.signature.features:
        forms["csv"] = job_rows.as_csv_says(asked.signature, rows)
    with tempfile.TemporaryDirectory(prefix="packager-job-") as folder:
        scratch = Path(folder)
        for suffix, some in forms.items():
            say(f"running the job over rows.{suffix}")
            (file,) = job_rows.write(job.python, asked.signature, some, scratch, [f"rows.{suffix}"])
            _prove_file(job, file, asked, some, scratch)
    refused = int(job_rows.refused(asked.signature, rows).sum())
    dead = f", {refused} refused as by the function" if refused else ""
    return f"{rows.count - refused} rows through {' and '.join(forms)}{dead}"


def _prove_file(job: Job, file: Path, asked: Asked, rows: Rows, scratch: Path) -> None:
    output = scratch / f"answers-{file.suffix[1:]}"
    arguments = ["--input", str(file), "--output", str(output), "--keep", "none", "--progress", "none"]
    if file.suffix == ".csv" and job_rows.has_line_breaks(rows):
        arguments.append("--newlines-in-values")
    metrics = _run(job, arguments)
    refused = job_rows.refused(asked.signature, rows)
    taken, dead = np.flatnonzero(~refused), int(refused.sum())
    if (metrics["rows_in"], metrics["rows_out"], metrics["dead_letters"]) != (rows.count, len(taken), dead):
        raise VerificationError(
            f"of {rows.count} rows in {file.name} the job answers {metrics['rows_out']} and refuses "
            f"{metrics['dead_letters']} ({json.dumps(metrics['reasons'])}); the model takes all but {dead}",
            "nothing was written; give rows that the model takes, or report this",
        )
    if not len(taken):
        return
    answers = job_rows.read(job.python, asked.signature, rows, output, scratch)
    expected = Case({}, {name: array[taken] for name, array in rows.outputs.items()})
    found = _compared(asked, expected, answers)
    if not found.passed:
        raise verify.verification_error(found, verify.what_to_do(found))


def _compared(asked: Asked, expected: Case, answers: dict[str, Array]) -> Verification:
    given = Answers((answers,), 0.0, (0.0,))
    rows, tolerance = asked.source_of_rows, asked.tolerance
    return verify.compare([expected], given, asked.signature, rows, tolerance, "the job")


def _run(job: Job, arguments: list[str]) -> dict[str, Any]:
    """Its metrics. Where it runs nothing can be written, and nothing of the user's own is known."""
    done = ReadOnly()(job.command(arguments), job.root, job.variables)
    if done.returncode != 0:
        lines = tuple((done.stderr or "").strip().splitlines()[-_LAST_LINES:])
        raise VerificationError(
            f"the job ended with code {done.returncode} over its golden rows", None, lines
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
