"""docs/batch.md: written by the run, never by hand."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.batch_subjects import Measured
from benchmarks.goals import SWING, Row
from packager import machine

_INTRODUCTION = """# Batch jobs

Written by `make batch`. Machine: {machine}. Versions: {versions}, Python {python}.

{rows:,} rows of twenty float32 columns and an id, Parquet with snappy in row groups of 250,000; a
scaler with a logistic regression, and a forest of 100 trees of depth 10 at most. The job is what
`packager build --target batch` wrote, in the environment that it asks for. All ways ran in turn, each in
a process of its own, and gave the same ids, labels and probabilities, or nothing is written. CPU is user
and system time of a process and all that it starts, from start to end; memory the most that was resident
of all of them at once, pages that several share counted for each. BLAS and OpenMP have one thread in every
way (`OMP_NUM_THREADS=1`). The floor is CPU alone: a program that
decodes and does nothing with the rows, from its start to its end, and, without the start of a process, the
engine on arrays in memory (ONNX Runtime by its Python package or by this job's own binding, whichever takes
less) and encoding answers that lie in memory; the three were measured by themselves and are summed. The
shortest program does these three in one loop of one thread, and nothing else. A spread is from the least to
the most of the rounds; figures whose spread is over {swing:.0%} of their median are called unstable.

| figure | goal | measured | spread | |
|---|---|--:|--:|---|
"""
_TABLE = """
## {title}

| way | rows | wall, s | rows/s | CPU, s | CPU of a row, ns | peak memory, MB | runs |
|---|--:|--:|--:|--:|--:|--:|--:|
"""
_SCALES = """
## From small to large: this job, linear model

| rows | wall, s | CPU, s | CPU of a row, ns | peak memory, MB |
|--:|--:|--:|--:|--:|
"""
_FORMATS = """
## Other formats: this job, linear model

Beside pyarrow's own reading of the same file, block by block in one thread, numbers as float32, with nothing
done to them and without the start of the process.

| file | rows | CPU of a row, ns | of pyarrow's reading | ratio | peak memory, MB |
|---|--:|--:|--:|--:|--:|
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A way in a table; ``figures``: processor seconds in place of those of its processes."""

    name: str
    rows: int
    runs: Sequence[Measured]
    figures: Sequence[float] = ()

    @property
    def cpu_s(self) -> float:
        """Of the median run."""
        return median(self.figures or [run.cpu_s for run in self.runs])

    @property
    def wall_s(self) -> float:
        """Of the median run."""
        return median(run.wall_s for run in self.runs)

    @property
    def peak_mb(self) -> float:
        """Of the run that took most."""
        return max(run.peak_bytes for run in self.runs) / 1e6

    @property
    def row_ns(self) -> float:
        """Processor time of a row."""
        return self.cpu_s / self.rows * 1e9


def page(rows: int, versions: Iterable[str], goals: Iterable[Row], tables: Iterable[str]) -> str:
    """The whole page."""
    where = machine.describe(Path(sys.executable))
    text = _INTRODUCTION.format(
        machine=f"{where.cpu}, {where.cores} cores, {where.kernel}, load {os.getloadavg()[0]:.2f} after",
        versions=", ".join(versions),
        python=where.python,
        rows=rows,
        swing=SWING,
    )
    lines = (
        f"| {row.figure} | {row.goal} | {row.measured} | {row.interval} | {row.state} |\n" for row in goals
    )
    return text + "".join(lines) + "".join(tables)


def table(title: str, lines: Iterable[Line]) -> str:
    """The ways beside one another."""
    text = _TABLE.format(title=title)
    for line in lines:
        shown = ("", "", f"{line.cpu_s:.2f}", f"{line.row_ns:,.0f}", "")
        if not line.figures:
            wall = (f"{line.wall_s:.2f}", f"{line.rows / line.wall_s:,.0f}")
            shown = (*wall, *shown[2:4], f"{line.peak_mb:,.0f}")
        text += f"| {line.name} | {line.rows:,} | {' | '.join(shown)} | {len(line.runs)} |\n"
    return text


def scales(lines: Sequence[Line]) -> str:
    """What a row takes at each size, and what the start takes by itself."""
    text = _SCALES
    for line in lines:
        cells = (f"{line.wall_s:.2f}", f"{line.cpu_s:.2f}", f"{line.row_ns:,.0f}", f"{line.peak_mb:.0f}")
        text += f"| {line.name} | {' | '.join(cells)} |\n"
    first, last = lines[0], lines[-1]
    each_s = (last.cpu_s - first.cpu_s) / (last.rows - first.rows)
    start_ms = (first.cpu_s - each_s * first.rows) * 1e3
    said = f"{start_ms:.0f} ms of CPU for the start, {each_s * 1e9:.0f} ns for each row"
    return f"{text}\nA line through the first and the last: {said}.\n"


def formats(found: Iterable[tuple[str, int, Sequence[Measured], Sequence[Measured]]]) -> str:
    """Each with pyarrow's bare reading."""
    text = _FORMATS
    for name, count, mine, bare in found:
        line, reading = Line(name, count, mine), Line(name, count, bare, [float(run.said) for run in bare])
        ratio = line.cpu_s / reading.cpu_s
        cells = f"{line.row_ns:,.0f} | {reading.row_ns:,.0f} | {ratio:.2f} | {line.peak_mb:.0f}"
        text += f"| {name} | {count:,} | {cells} |\n"
    return text
