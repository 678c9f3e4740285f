"""`python -m benchmarks.cold_start [ROUNDS]`: prints the table and writes docs/benchmarks.md."""

import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cold_start import variants
from benchmarks.cold_start.measure import ColdStart, cold_start
from benchmarks.cold_start.variants import Variant
from packager import interpreters, tools

ROW = [5.1, 3.5, 1.4, 0.2]
EXPECTED = '\\"predictions\\":[0]'
GOALS = {"cold": 0.16, "zip": 0.30}
INTRODUCTION = """# Benchmarks

Written by `make bench`. Each cold start is a fresh process of the real runtime interface client, from exec to
its first response (an API Gateway event with one iris row), warm page cache, one process at a time, the
variants interleaved; the time that a process was ready and had no processor is taken off.
Machine: {machine}; {rounds} rounds. Real Lambda adds the sandbox and the download.
"""
HEADINGS = (
    "| variant | zip bytes | × naive | unzipped bytes | cold start ms: median (min–max) | × naive |",
    "|---|--:|--:|--:|--:|--:|",
)
EXPLANATION = """\
Goals for an iris forest, FastAPI included: cold start ≤ {cold} × naive, zip ≤ {zip:.2f} × naive.
`naive` is FastAPI (`def` endpoint) + Mangum + onnxruntime as `pip install --target` lays them down, with
byte-code, and the same model. Sizes are of zips at deflate level 9."""
Runs = dict[str, list[ColdStart]]


def main(rounds: int) -> None:
    """Interleave the variants round by round; the first round only warms the page cache."""
    found = interpreters.find("3.13")
    if found is None:
        sys.exit("the benchmark needs Python 3.13, the default runtime: uv python install 3.13")
    client = tools.interface_client(found.path)
    with tempfile.TemporaryDirectory(prefix="packager-bench-") as scratch:
        work = Path(scratch)
        mine = variants.ours(work)
        model = mine.folder / "model" / "model.onnx"
        compared = (mine, variants.naive(work, model, found.path), variants.hello(work))
        event = json.loads((mine.folder.parent / "events" / "predict.json").read_text())
        event["body"], event["isBase64Encoded"] = json.dumps({"features": ROW}), False
        runs: Runs = {variant.name: [] for variant in compared}
        for number in range(rounds + 1):
            for variant in compared:
                taken = cold_start(variant, found.path, client, event, EXPECTED)
                if number:
                    runs[variant.name].append(taken)
        text = table(compared, runs, found.version)
    print(text)
    Path("docs/benchmarks.md").write_text(text)


def table(compared: Sequence[Variant], runs: Runs, python: str) -> str:
    """The result as Markdown: medians, and ratios to the usual way round by round."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, Python {python}"
    rounds = len(runs["naive"])
    lines = [INTRODUCTION.format(machine=machine, rounds=rounds), *HEADINGS]
    base = next(variant for variant in compared if variant.name == "naive")
    for variant in compared:
        times = [run.corrected_ms for run in runs[variant.name]]
        pairs = zip(times, (run.corrected_ms for run in runs["naive"]), strict=True)
        ratio = statistics.median(mine / other for mine, other in pairs)
        spread = f"{statistics.median(times):.0f} ({min(times):.0f}–{max(times):.0f})"
        size = (
            f"{variant.zip_bytes:,} | {variant.zip_bytes / base.zip_bytes:.3f} | {variant.unzipped_bytes:,}"
        )
        lines.append(f"| {variant.name} | {size} | {spread} | {ratio:.3f} |")
    lines += ["", EXPLANATION.format(**GOALS)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
