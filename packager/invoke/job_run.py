"""One run of a batch job for its user: its progress where he sees it, its metrics and first answers."""

import csv
import itertools
import json
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager import probe
from packager.errors import InterruptedJobError, InvokeError, PackagerError
from packager.invoke import job_rows
from packager.invoke.job import DONE, INTERRUPTED, TRY_AGAIN, Job
from packager.manifest import read_signature

_SHOWN = 5
_GOLDEN = "golden.parquet"
_PLACES = ("plan", "output")
"""Of metrics: what names a folder that is gone, where no output was asked for."""
_ABOVE = "its own words stand above"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the job is to read and where its answers go: URIs; without inputs the golden rows, without an
    output a folder that goes again. ``more``: options of the job's own command line."""

    inputs: Sequence[str] = ()
    output: str | None = None
    more: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a job that is done: its metrics, and the first rows of its output where that is here."""

    metrics: dict[str, Any]
    first: list[dict[str, Any]]


def run(job: Job, asked: Asked) -> Ran:
    """Run it to its end, or to the end that SIGINT or SIGTERM asks for.

    InterruptedJobError when it was stopped, PackagerError when another try may do, InvokeError when not.
    """
    with tempfile.TemporaryDirectory(prefix="packager-job-") as folder:
        scratch = Path(folder)
        output = asked.output or str(scratch / "answers")
        inputs = list(asked.inputs) or [str(_golden(job, scratch))]
        arguments = ["--input", *inputs, "--output", output, *asked.more]
        metrics = _metrics(*_ended(job.run(arguments)))
        first = _first(job, output, scratch)
    if asked.output is None:
        metrics = {name: value for name, value in metrics.items() if name not in _PLACES}
    return Ran(metrics, first)


def _golden(job: Job, scratch: Path) -> Path:
    """The golden rows as a file. InvokeError for a model that takes no rows."""
    manifest = json.loads((job.root / "manifest.json").read_text(encoding="utf-8"))
    signature = read_signature(manifest["signature"])
    rows = job_rows.rows_of(signature, probe.read_cases(job.root / "golden.json"))
    if rows is None:
        raise InvokeError("the model takes no rows, and a batch job is for rows")
    (file,) = job_rows.write(job.python, signature, rows, scratch, [_GOLDEN])
    return file


def _ended(child: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit code and stdout. What asks us to end asks the job, which takes the time that it needs."""
    while True:
        try:
            said, _ = child.communicate()
            return child.returncode, said
        except KeyboardInterrupt:
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)


def _metrics(code: int, said: str) -> dict[str, Any]:
    if code == INTERRUPTED:
        raise InterruptedJobError(
            "the job was interrupted; what is done stays done", "the same command goes on from there"
        )
    if code == TRY_AGAIN:
        raise PackagerError("the job did not come to its end, and may do so on another try", _ABOVE)
    if code != DONE:
        why = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        raise InvokeError(f"the job {why}", _ABOVE)
    try:
        found = json.loads(said)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvokeError("the job ended well and printed no metrics", "build it again")
    return found


def _first(job: Job, output: str, scratch: Path) -> list[dict[str, Any]]:
    """The first rows of an output on this machine."""
    parts = sorted(Path(output).glob("part-*")) if "://" not in output else []
    if not parts:
        return []
    if parts[0].suffix == ".csv":
        with parts[0].open(encoding="utf-8", newline="") as text:
            return list(itertools.islice(csv.DictReader(text), _SHOWN))
    if parts[0].suffix == ".jsonl":
        with parts[0].open(encoding="utf-8") as text:
            return [json.loads(line) for line in itertools.islice(text, _SHOWN)]
    return job_rows.preview(job.python, Path(output), _SHOWN, scratch)
