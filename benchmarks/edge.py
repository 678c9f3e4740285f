"""`python -m benchmarks.edge [ROUNDS]`: bundles against the usual way on a device; writes docs/edge.md.

Times come from this machine's own processor, in a root file system of Debian; memory from there, and from an
arm64 machine with a kernel of its own. Of emulation no time is told.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.edge_programs import Measured, read
from benchmarks.edge_subjects import Subject, learn, subjects, versions
from benchmarks.goals import Row, ratio_row
from packager import machine
from packager.cli.session import Spinner
from packager.figures import distribution, exact_ratio, has_settled, paired_ratio
from tests.devices import confined, full_system, roots
from tests.devices.confined import Mount

ROUNDS, BOOTS, MACHINE_MB = 40, 3, 512
PAGE = Path("docs/edge.md")
LARGEST_DIFFERENCE = 1e-4
FITS = (("tiny", 64), ("litert", 64), ("onnxruntime", 96))
"""Engines, and the whole machine's memory in which each must answer."""
Runs = dict[str, list[Measured]]

_INTRODUCTION = """# Bundles at the edge

Written by `make edge`. Machine: {machine}.
The usual way is {versions}, as pip lays them down with byte-code, on Python 3.11 of Debian 12:
`import` them, one session with one thread, one row. Ours is the bundle that `packager build
--target edge` makes for the same device, opened by `Model.open`, which verifies what runs. The
model (a net of 64, 32 and 10 over digits; for `tiny` a forest of 30 trees) and the row are the
same, and so are the answers, or nothing is written.

Times are from the first import to the first answer, processes in turn, page cache warm, without the
waits for a processor; {rounds} rounds on x86_64. Memory is the most that was resident (`VmHWM`): on
x86_64 of the same runs, on arm64 in an emulated machine of {machine_mb} MB with a kernel of its
own, in {boots} boots. An interval is that of the median at 95 %. No time of an emulated processor
is told here.

| figure | goal | measured | interval | |
|---|---|--:|--:|---|
"""
_TABLE = """
## {arch}

| | installed, bytes | to the first answer, ms: median | p95 | peak memory, MB |
|---|--:|--:|--:|--:|
"""


def main(rounds: int) -> None:
    """Build, measure, print and write."""
    spinner = Spinner()
    with tempfile.TemporaryDirectory(prefix="packager-edge-") as folder:
        work = Path(folder)
        models = learn(work)
        here = subjects("x86_64", models, _new(work / "x86_64"), spinner.said)
        there = subjects("arm64", models, _new(work / "arm64"), spinner.said)
        spinner.said("measuring here")
        native = _native(here, rounds)
        spinner.said("booting the arm64 machine")
        booted = _booted(there)
        rows = [*_sizes("x86_64", here), *_sizes("arm64", there), *_times(native)]
        rows += [*_memory("x86_64", native), *_memory("arm64", booted), *_fits(there)]
        tables = _table("x86_64", here, native, True) + _table("arm64", there, booted, False)
    text = _introduction(rounds) + "".join(map(_line, rows)) + tables
    print(text)
    PAGE.write_text(text, encoding="utf-8")


def _native(found: dict[str, Subject], rounds: int) -> Runs:
    """Every program in turn, every other round backwards; the first round is not counted."""
    root = roots.make("x86_64")
    runs: Runs = {name: [] for name in found}
    for number in range(rounds + 1):
        for name in list(found)[:: 1 if number % 2 else -1]:
            mounts = (Mount(found[name].folder, "/bundle"),)
            ran = confined.run(root, ("python3", "-c", found[name].program), mounts=mounts)
            measured = read(ran.stdout + ran.stderr)
            if number:
                runs[name].append(measured)
    return _checked(runs)


def _booted(found: dict[str, Subject]) -> Runs:
    kernel, root = full_system.make(), roots.make("arm64")
    return _checked(
        {
            name: [
                read(full_system.run(kernel, root, one.folder, one.program, MACHINE_MB).output)
                for _ in range(BOOTS)
            ]
            for name, one in found.items()
        }
    )


def _checked(runs: Runs) -> Runs:
    """Ours and the usual way give the same answers, each time."""
    for engine in ("onnxruntime", "litert"):
        answers = np.array([run.answer for name in (engine, f"usual {engine}") for run in runs[name]])
        if answers.shape[1] != 10 or not np.ptp(answers, axis=0).max() <= LARGEST_DIFFERENCE:
            raise RuntimeError(f"{engine} does not answer as the usual way does: {answers}")
    return runs


def _sizes(arch: str, found: dict[str, Subject]) -> Iterator[Row]:
    for engine, label in (("onnxruntime", "ONNX Runtime"), ("litert", "LiteRT")):
        ratio = exact_ratio("size", found[engine].size_bytes, found[f"usual {engine}"].size_bytes)
        yield ratio_row(f"installed size, {label}, {arch}", 0.25, "usual", ratio)


def _times(runs: Runs) -> Iterator[Row]:
    for engine, label in (("onnxruntime", "ONNX Runtime"), ("litert", "LiteRT")):
        mine, usual = ([run.total_ms for run in runs[name]] for name in (engine, f"usual {engine}"))
        ratio = paired_ratio("time", mine, usual, has_settled(mine) and has_settled(usual))
        yield ratio_row(f"import to first answer, {label}, x86_64", 0.4, "usual", ratio)


def _memory(arch: str, runs: Runs) -> Iterator[Row]:
    compared = (
        ("onnxruntime", "usual onnxruntime", "ONNX Runtime", 0.65, "usual"),
        ("litert", "usual litert", "LiteRT", 0.5, "usual"),
        ("tiny", "python", "`tiny`", 1.3, "bare Python"),
    )
    for mine, other, label, limit, of in compared:
        ours, others = ([run.peak_bytes for run in runs[name]] for name in (mine, other))
        ratio = paired_ratio("memory", ours, others, True)
        yield ratio_row(f"resident memory, {label}, {arch}", limit, of, ratio)


def _fits(found: dict[str, Subject]) -> Iterator[Row]:
    """Whether an arm64 machine of that memory comes to the answer."""
    kernel, root = full_system.make(), roots.make("arm64")
    for engine, memory_mb in FITS:
        one = found[engine]
        booted = full_system.run(kernel, root, one.folder, one.program, memory_mb)
        met = booted.code == 0
        said = f"answers, {(booted.peak_rss_bytes or 0) / 1e6:.1f} MB resident" if met else "no answer"
        label = f"a machine with arm64 and so much memory, `{engine}`"
        yield Row(label, f"{memory_mb} MB", said, "", "met" if met else "not met")


def _table(arch: str, found: dict[str, Subject], runs: Runs, with_times: bool) -> str:
    text = _TABLE.format(arch=arch)
    for name, one in found.items():
        times = distribution([run.total_ms for run in runs[name]])
        shown = (f"{times.p50:.1f}", f"{times.p95:.1f}") if with_times and name != "python" else ("", "")
        peak = np.median([run.peak_bytes for run in runs[name]]) / 1e6
        size = "" if name == "python" else f"{one.size_bytes:,}"
        text += f"| {name} | {size} | {shown[0]} | {shown[1]} | {peak:.1f} |\n"
    return text


def _introduction(rounds: int) -> str:
    where = machine.describe(Path(sys.executable))
    return _INTRODUCTION.format(
        machine=f"{where.cpu}, {where.cores} cores, {where.kernel}, load {where.load} after",
        versions=", ".join(versions()),
        rounds=rounds,
        boots=BOOTS,
        machine_mb=MACHINE_MB,
    )


def _line(row: Row) -> str:
    return f"| {row.figure} | {row.goal} | {row.measured} | {row.interval} | {row.state} |\n"


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
