"""Measures an artifact for its report, and saves what was found where the report looks for it."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from packager.benchmark.bench import ROUNDS, WARM
from packager.benchmark.comparison import Asked, compare
from packager.html_report.reading import BENCH, TUNE
from packager.measurement import Bench, Tuning
from packager.progress import Watcher
from packager.tuning.tune import Question, tune


def measure(artifact: Path, watcher: Watcher, rounds: int = ROUNDS, calls: int = WARM) -> None:
    """Run the benchmark and the tuning, at most as thoroughly as by themselves; save each when it is done."""
    _save(compare(artifact, (), Asked(), rounds, calls, watcher), artifact.parent / BENCH)
    question = Question(artifact)
    shorter = replace(question, rounds=min(rounds, question.rounds), requests=min(calls, question.requests))
    _save(tune(shorter, watcher), artifact.parent / TUNE)


def _save(found: Bench | Tuning, dest: Path) -> None:
    dest.write_text(json.dumps(asdict(found), indent=2, sort_keys=True) + "\n", encoding="utf-8")
