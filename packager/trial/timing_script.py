"""Opens a model as the shipped runtime does, and times runs of one case on demand: ROOT CASES.json.

It is run as a file by the target's interpreter and knows nothing of packager. Each line on the standard input
asks for one block of runs, of so many milliseconds; the answer is a line with what a run takes in it, in
nanoseconds: a quarter of them take less. Time in which the thread was ready and had no processor does not
count.
"""

import json
import os
import sys
from pathlib import Path
from time import perf_counter_ns

LEAST_SAMPLES, MOST_SAMPLES = 2, 101
SAMPLE_NS = 200_000
"""Quicker runs are timed several at once: to ask the clock and the kernel takes a few microseconds."""
WARM_UP, WARM_UP_NS = 10, 150_000_000
SLOW_NS = 20_000_000
"""A slower run does not notice that another process had the caches before it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

try:
    SCHEDSTAT = os.open("/proc/self/schedstat", os.O_RDONLY)
except OSError:
    SCHEDSTAT = -1


def waited_ns() -> int:
    """How long this thread was ready and had no processor."""
    return int(os.pread(SCHEDSTAT, 96, 0).split()[1]) if SCHEDSTAT >= 0 else 0


def sample_ns(run: "Callable[[], object]", count: int) -> float:
    """What one of ``count`` runs takes. The clock runs around the waits: they are never the larger."""
    began = perf_counter_ns()
    waited = waited_ns()
    for _ in range(count):
        run()
    waited = waited_ns() - waited
    return (perf_counter_ns() - began - waited) / count


def quartile_ns(run: "Callable[[], object]", count: int, least: int, most: int, limit_ns: float) -> float:
    """The lower quartile of at least ``least`` samples, and of more until the limit."""
    until = perf_counter_ns() + limit_ns
    samples: list[float] = []
    while len(samples) < least or (len(samples) < most and perf_counter_ns() < until):
        samples.append(sample_ns(run, count))
    return sorted(samples)[len(samples) // 4]


def main(root: str, cases: str) -> None:
    """Say that the model is ready, then answer until the standard input ends."""
    sys.path.insert(0, root)
    predictors: Any = __import__("runtimes.core.predictor", fromlist=["Predictor"])
    tensors: Any = __import__("runtimes.core.tensors", fromlist=["from_document"])
    with Path(cases).open(encoding="utf-8") as file:
        case = json.load(file)["cases"][0]
    inputs = {name: tensors.from_document(tensor, name) for name, tensor in case["inputs"].items()}
    with predictors.Predictor(root) as predictor:

        def run() -> object:
            return predictor.run(inputs)

        # The first runs find memory, caches and code paths cold.
        quartile_ns(run, 1, 1, WARM_UP, WARM_UP_NS)
        one_ns = quartile_ns(run, 1, 1, WARM_UP, WARM_UP_NS)
        count = max(1, round(SAMPLE_NS / one_ns))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for line in sys.stdin:
            if one_ns < SLOW_NS:
                sample_ns(run, count)
            found = quartile_ns(run, count, LEAST_SAMPLES, MOST_SAMPLES, float(line) * 1e6)
            sys.stdout.write(f"{found:.1f}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
