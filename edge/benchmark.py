"""``python -m edge benchmark``: how this machine does with the bundle: loading, latency, rows, memory."""

from __future__ import annotations

from time import perf_counter

from edge import exits
from edge.golden import read_cases
from edge.machine import peak_memory_bytes
from edge.model import Model
from edge.output import Output
from runtimes.core.documents import write
from runtimes.core.shapes import BATCH, batch_of
from runtimes.core.tensors import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    Tensors = dict[str, Tensor]

_BATCH_ROWS = 64
_LEAST_RUNS, _MOST_RUNS = 5, 100_000


def main(options: Namespace, output: Output) -> int:
    """Measure, and say what came of it."""
    found = benchmark(options.bundle, options.threads, options.seconds)
    output.write((write(found) if options.json else _text(found)) + "\n")
    return exits.DONE


def benchmark(path: str | None = None, threads: int | None = 1, seconds: float = 2.0) -> dict[str, Any]:
    """Open the bundle and verify it, then ask for the first golden case (one row, where any number is taken),
    and for a batch."""
    started = perf_counter()
    with Model.open(path, threads=threads, verify=False) as model:
        load_ms = _since(started)
        started = perf_counter()
        model.bundle.verify()
        verify_ms = _since(started)
        case = read_cases(model.bundle)[0]
        started = perf_counter()
        model.run_tensors(case.inputs)
        first_ms = _since(started)
        batch = _batch(model, case.inputs)
        if batch is not None:
            model.run_tensors(batch)
        peak_bytes = peak_memory_bytes()  # before the times below take memory of their own
        latencies = sorted(_ask(model, case.inputs, seconds))
        batches = _ask(model, batch, seconds) if batch is not None else []
    return {
        "name": model.bundle.manifest.name,
        "version": model.bundle.manifest.version,
        "threads": model.bundle.manifest.engine.intra_op_threads,
        "load_ms": load_ms,
        "verify_ms": verify_ms,
        "first_answer_ms": first_ms,
        "latency_ms": {f"p{share}": _percentile(latencies, share) for share in (50, 90, 99)},
        "runs": len(latencies),
        "rows": case.rows,
        "batch_rows": _BATCH_ROWS if batches else None,
        "rows_per_s": round(_BATCH_ROWS * len(batches) / sum(batches) * 1000, 1) if batches else None,
        "peak_memory_bytes": peak_bytes,
    }


def _since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 4)


def _ask(model: Model, inputs: Tensors, seconds: float) -> list[float]:
    """How long each run took, for about so many seconds."""
    taken: list[float] = []
    end = perf_counter() + seconds
    while len(taken) < _LEAST_RUNS or (perf_counter() < end and len(taken) < _MOST_RUNS):
        started = perf_counter()
        model.run_tensors(inputs)
        taken.append((perf_counter() - started) * 1000)
    return taken


def _batch(model: Model, inputs: Tensors) -> Tensors | None:
    """The row as often as a batch has rows; None where the model takes no number of rows that one likes."""
    if batch_of(model.bundle.manifest.signature) != BATCH:
        return None
    return {name: _repeated(tensor) for name, tensor in inputs.items()}


def _repeated(tensor: Tensor) -> Tensor:
    rows = tensor.shape[0]
    count = -(-_BATCH_ROWS // rows)
    data = tensor.data if isinstance(tensor.data, list) else tensor.to_bytes()
    one = len(data) // rows
    return Tensor(tensor.dtype, (_BATCH_ROWS, *tensor.shape[1:]), (data * count)[: one * _BATCH_ROWS])


def _percentile(ordered: list[float], share: int) -> float:
    return round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)], 4)


def _asked(found: dict[str, Any]) -> str:
    """What the latencies are of: a model of a fixed batch has no single row to give."""
    return "one row" if found["rows"] == 1 else f"{found['rows']} rows in a run"


def _text(found: dict[str, Any]) -> str:
    latency = found["latency_ms"]
    lines = [
        f"{found['name']} {found['version']}, {found['threads']} thread(s)",
        f"open             {found['load_ms']:.1f} ms, verifying what runs {found['verify_ms']:.1f} ms more",
        f"first answer     {found['first_answer_ms']:.3f} ms",
        f"{_asked(found):<17}p50 {latency['p50']:.3f}, p90 {latency['p90']:.3f}, p99 {latency['p99']:.3f} ms "
        f"({found['runs']} runs)",
    ]
    if found["rows_per_s"] is not None:
        lines.append(f"rows at once     {found['rows_per_s']:.0f} rows/s in batches of {found['batch_rows']}")
    if found["peak_memory_bytes"] is not None:
        lines.append(f"peak memory      {found['peak_memory_bytes'] / 2**20:.1f} MB")
    return "\n".join(lines)
