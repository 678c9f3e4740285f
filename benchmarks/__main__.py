"""`python -m benchmarks [ROUNDS]`: measures every goal and writes docs/benchmarks.md (under ten minutes)."""

import importlib.util
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from benchmarks import models, share, variants
from benchmarks.goals import Row, missing_row, ratio_row, size_row
from benchmarks.page import page
from packager import machine, resources
from packager.benchmark import baselines
from packager.benchmark.bench import Runs, measure, ratios_of
from packager.benchmark.subject import Subject
from packager.cli.session import Spinner
from packager.figures import paired_ratio
from packager.measurement import Ratio

ROUNDS, CALLS, SHARE_ROUNDS, SHARE_MB = 30, 1000, 12, 512
PAGE = Path("docs/benchmarks.md")
ELSEWHERE = (
    ("benchmarks.large", "ResNet-50-sized model, cold to first answer", "≤ 0.2 × naive, load ≤ 15 ms"),
    ("benchmarks.warm", "1x3x224x224: JSON / base64 / binary uint8", "≤ 0.25 / 0.06 / 0.015 × naive"),
)
"""Modules with a function ``rows(work)`` that measure figures of their own."""
LOCKS = ("lambda_client", "benchmark_naive", "benchmark_sklearn")
NAMED = ("awslambdaric==", "fastapi==", "mangum==", "onnxruntime==", "scikit-learn==")


def main(rounds: int) -> None:
    """Build, measure, print and write."""
    with tempfile.TemporaryDirectory(prefix="packager-bench-") as folder:
        work = Path(folder)
        forest = models.forest(work)
        ort = variants.build(forest, "onnxruntime", engine="onnxruntime")
        here = machine.describe(ort.function.python)
        small, digits = _iris(forest, ort, rounds), _digits(work, rounds)
        rows = [*_small_rows(small), *_share_rows(small), *_digits_rows(digits), *_rows_elsewhere(work)]
    groups = [
        ("An iris forest of 100 trees", list(small.values())),
        ("Two convolutions over digits", list(digits.values())),
    ]
    text = page(here, _versions(small | digits), rows, groups)
    print(text)
    PAGE.write_text(text, encoding="utf-8")


def _iris(model: Path, ort: Subject, rounds: int) -> dict[str, Runs]:
    ours = [
        ort,
        variants.build(model, "tiny", engine="tiny"),
        variants.build(model, "fastapi", engine="onnxruntime", http="fastapi"),
    ]
    return _measured(ours, baselines.NAMES, model.parent / "iris-usual", rounds)


def _digits(work: Path, rounds: int) -> dict[str, Runs]:
    ours = variants.build(models.convolutions(work), "tflite", engine="litert", format="tflite")
    return _measured([ours], ("naive", "hello"), work / "digits-usual", rounds)


def _measured(ours: list[Subject], usual: tuple[str, ...], scratch: Path, rounds: int) -> dict[str, Runs]:
    """All in turn, by name."""
    scratch.mkdir()
    spinner = Spinner()
    others = [baselines.make(name, ours[0], scratch, spinner.said) for name in usual]
    runs = measure([*ours, *others], rounds, CALLS, spinner)
    return {one.subject.name: one for one in runs}


def _ratio(figure: str, mine: Runs, other: Runs) -> Ratio:
    return next(ratio for ratio in ratios_of(mine, other) if ratio.figure == figure)


def _small_rows(runs: dict[str, Runs]) -> Iterator[Row]:
    tiny, ort, fastapi = runs["tiny"], runs["onnxruntime"], runs["fastapi"]
    naive, hello = runs["naive"], runs["hello"]
    yield size_row("zip, iris forest, `tiny`, `http = none`", 100_000, tiny.subject.archive_bytes)
    zip_of = "archive_bytes"
    yield ratio_row("zip, ONNX Runtime, `http = none`", 0.21, "naive", _ratio(zip_of, ort, naive))
    yield ratio_row("zip, ONNX Runtime, with FastAPI", 0.30, "naive", _ratio(zip_of, fastapi, naive))
    yield ratio_row("cold start, `tiny`", 1.1, "hello", _ratio("cold_ms", tiny, hello))
    yield ratio_row("cold start, ONNX Runtime", 0.14, "naive", _ratio("cold_ms", ort, naive))
    yield ratio_row("cold start, ONNX Runtime", 1.8, "hello", _ratio("cold_ms", ort, hello))
    per_run = ort.warm.engine_ratios
    own = paired_ratio("latency_to_engine_run", per_run, [1.0] * len(per_run), ort.warm.settled)
    yield ratio_row("warm, 4 features", 2.5, "the engine's own run", own)
    yield ratio_row("warm, 4 features", 0.015, "naive", _ratio("warm_latency_ms", ort, naive))


def _share_rows(runs: dict[str, Runs]) -> Iterator[Row]:
    figure = f"cold start, ONNX Runtime, processor share of {SHARE_MB} MB"
    reason = share.unavailable()
    if reason is not None:
        yield missing_row(figure, "≤ 0.12 × naive", reason.message)
        return
    ratio, _ = share.compare([runs["onnxruntime"].subject, runs["naive"].subject], SHARE_MB, SHARE_ROUNDS)
    yield ratio_row(figure, 0.12, "naive", ratio)


def _digits_rows(runs: dict[str, Runs]) -> Iterator[Row]:
    ratio = _ratio("archive_bytes", runs["tflite"], runs["naive"])
    yield ratio_row("zip, TFLite, `http = none`", 0.07, "naive", ratio)


def _rows_elsewhere(work: Path) -> Iterator[Row]:
    for module, figure, goal in ELSEWHERE:
        if importlib.util.find_spec(module) is None:
            yield missing_row(figure, goal, "")
            continue
        yield from import_module(module).rows(work)


def _versions(runs: dict[str, Runs]) -> list[str]:
    """The engines of ours, and what the locks of the others name."""
    engines = sorted({one.subject.engine for one in runs.values() if one.subject.engine})
    locked: set[str] = set()
    for lock in LOCKS:
        text = (resources.DATA / f"{lock}.lock").read_text(encoding="utf-8")
        locked |= {line.split()[0].replace("==", " ") for line in text.splitlines() if line.startswith(NAMED)}
    return [f"packager {version('packager')}", *engines, *sorted(locked)]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
