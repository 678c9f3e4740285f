"""Measures an artifact for its report, and saves what was found where the report looks for it."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from packager.benchmark.bench import bench
from packager.benchmark.subject import Asked, open_subject
from packager.html_report.reading import BENCH, TUNE
from packager.measurement import Bench, Tuning
from packager.progress import Steps, Watcher
from packager.tuning.tune import Question, tune


def measure(artifact: Path, watcher: Watcher) -> None:
    """Run the benchmark and the tuning; each is saved as soon as it is done."""
    with tempfile.TemporaryDirectory(prefix="packager-report-") as scratch:
        with Steps(watcher).step("open") as step:
            subject = open_subject(artifact, Asked(), Path(scratch), step.say)
        _save(bench([subject], watcher=watcher), artifact.parent / BENCH)
        _save(tune(Question(artifact), watcher), artifact.parent / TUNE)


def _save(found: Bench | Tuning, dest: Path) -> None:
    dest.write_text(json.dumps(asdict(found), indent=2, sort_keys=True) + "\n", encoding="utf-8")
