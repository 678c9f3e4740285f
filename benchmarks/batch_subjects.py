"""What is measured for batch jobs: the job as it ships, the usual ways, and the floor, each as a command."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import batch_environments
from packager.tools import Progress

_MEASURE = Path(__file__).with_name("batch_measure.py")
_WAYS = Path(__file__).with_name("batch_ways")
LARGEST_DIFFERENCE = 1e-4
MOST_OTHER_LABELS = 1e-4
"""Rows at the boundary of two classes may fall on either side in another order of summing."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a command with all that it started."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    peak_anonymous_bytes: int
    said: str


@dataclass(frozen=True, slots=True)
class Built:
    """A model with its job, as `packager build --target batch` made it."""

    name: str
    source: Path
    job: Path
    python: Path

    @property
    def model(self) -> Path:
        """The converted model in the job."""
        (found,) = (self.job / "model").glob("model.*")
        return found


def build(source: Path, samples: Path, dest: Path, say: Progress) -> Built:
    """As a user does."""
    say(f"building the job of {source.stem}")
    version = "{}.{}".format(*sys.version_info[:2])
    command = [sys.executable, "-m", "packager", "build", str(source), "--target", "batch", "-o", "json"]
    options = ["--samples", str(samples), "--python", version, "--output", str(dest)]
    report = json.loads(subprocess.run([*command, *options], check=True, capture_output=True).stdout)
    job = Path(report["artifacts"][0]["path"]).resolve() / "job"
    return Built(source.stem, source, job, batch_environments.of_job(job, say))


class Ways:
    """The commands that answer a file with a model, by name."""

    def __init__(self, built: Built, tools: dict[str, Path]) -> None:
        self._built = built
        self._tools = tools

    def command(self, name: str, source: Path, dest: Path) -> list[str]:
        """How it is started."""
        built, files = self._built, (str(source), str(dest))
        if name == "this job":
            options = ("--input", files[0], "--output", files[1], "--progress", "none")
            return [str(built.python), str(built.job), *options]
        if name == "own engine":
            return [str(built.python), str(_WAYS / "own_engine.py"), str(built.job), files[0]]
        if name == "decode":
            return [str(built.python), str(_WAYS / "bare_reading.py"), files[0]]
        script, tool, how = _SCRIPTS[name]
        python = self._tools[tool] if tool else Path(sys.executable)
        model = built.source if name in _OF_SKLEARN else built.model
        return [str(python), str(_WAYS / script), str(model), *files, *how]

    def environment(self, name: str, scratch: Path) -> dict[str, str]:
        """What it is started with: no other checkout's code, one processor for each thread of numpy."""
        python = self.command(name, scratch, scratch)[0]
        return {
            **os.environ,
            "PYTHONPATH": str(self._built.job) if name == "own engine" else "",
            "OMP_NUM_THREADS": "1",
            "PYSPARK_PYTHON": python,
            "PYTHONWARNINGS": "ignore",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(scratch),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
            "RAY_TMPDIR": "/tmp",  # Ray's sockets need short names
        }

    def measured(self, name: str, source: Path, scratch: Path, check: "Answers | None" = None) -> Measured:
        """One run, whose output is looked at and removed."""
        with _place(scratch) as dest:
            found = measure(self.command(name, source, dest), self.environment(name, scratch))
            if check is not None:
                check.hold(name, dest)
            return found


_OF_SKLEARN = ("pandas + scikit-learn", "row by row")
_SCRIPTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "row by row": ("row_by_row.py", "", ()),
    "pandas + scikit-learn": ("pandas_chunks.py", "", ()),
    "polars": ("polars_frames.py", "polars", ()),
    "Ray Data, tasks": ("ray_data.py", "ray", ("tasks",)),
    "Ray Data, actor": ("ray_data.py", "ray", ("actor",)),
    "Spark, predict_batch_udf": ("spark_frames.py", "spark", ("udf",)),
    "Spark, mapInPandas": ("spark_frames.py", "spark", ("frames",)),
    "shortest program": ("smallest.py", "", ("all",)),
    "run": ("smallest.py", "", ("run",)),
    "encode": ("smallest.py", "", ("encode",)),
}
"""Each way with its program, the tool whose environment it takes (none: this one), and how."""


def measure(command: list[str], environment: dict[str, str]) -> Measured:
    """What a command took with all that it started; RuntimeError where it failed."""
    watched = [sys.executable, "-I", "-S", str(_MEASURE), *command]
    done = subprocess.run(watched, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    if found.pop("code"):
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    return Measured(**found)


class Answers:
    """What the first way answered; every other one must answer the same."""

    def __init__(self) -> None:
        self._first: pa.Table | None = None

    def hold(self, name: str, dest: Path) -> None:
        """RuntimeError where the answers in ``dest`` are others."""
        found = _read(dest)
        if self._first is None:
            self._first = found
            return
        first = self._first.slice(0, found.num_rows) if name == "row by row" else self._first
        same_ids = first.num_rows == found.num_rows and np.array_equal(first["id"], found["id"])
        if not same_ids:
            raise RuntimeError(f"{name} has lost or doubled rows: {found.num_rows} of {first.num_rows}")
        others = float(np.mean(first["prediction"].to_numpy() != found["prediction"].to_numpy()))
        apart = np.abs(first["probability_1"].to_numpy() - found["probability_1"].to_numpy()).max()
        if not (others <= MOST_OTHER_LABELS and apart <= LARGEST_DIFFERENCE):
            raise RuntimeError(f"{name} answers otherwise: {others:.2%} of the labels, {apart} apart")


def _read(dest: Path) -> pa.Table:
    files = sorted(dest.glob("*.parquet")) if dest.is_dir() else [dest.with_name(f"{dest.name}.parquet")]
    columns = ["id", "prediction", "probability_1"]
    return pa.concat_tables(pq.read_table(file, columns=columns) for file in files).sort_by("id")


@contextmanager
def _place(scratch: Path) -> Iterator[Path]:
    dest = scratch / "out"
    try:
        yield dest
    finally:
        shutil.rmtree(dest, ignore_errors=True)
        dest.with_name("out.parquet").unlink(missing_ok=True)
