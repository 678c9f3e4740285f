"""``python -m edge selftest``: is every file whole, and does this machine answer as the source model did?

An updater asks this of a new bundle before it takes over. Whatever it cannot show has failed.
"""

from __future__ import annotations

from time import perf_counter

from edge import exits
from edge.bundle import Bundle
from edge.golden import Comparison, compare, read_cases
from edge.machine import peak_memory_bytes
from edge.model import Model, own_bundle
from edge.output import Output, say
from runtimes.core.documents import write
from runtimes.core.errors import ModelError, RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

_SHOWN = 5


def main(options: Namespace, output: Output) -> int:
    """Test, and say what came of it."""
    try:
        found = selftest(options.bundle, options.threads)
    except ModelError as error:
        if options.json:
            output.write(write({"ok": False, "error": {"message": error.message}}) + "\n")
        raise
    if options.json:
        output.write(write(found) + "\n")
    elif found["ok"]:
        output.write(sentence(found) + "\n")
    if found["ok"]:
        return exits.DONE
    say(f"error: {sentence(found)}")
    for difference in found["differences"][1:_SHOWN]:
        say(f"  {difference}")
    return exits.SELFTEST


def selftest(path: str | None = None, threads: int | None = 1) -> dict[str, Any]:
    """Verify the bundle and run its golden cases. ``ModelError`` where it cannot even be opened."""
    started = perf_counter()
    bundle = Bundle(path if path is not None else own_bundle())
    bundle.check_machine()
    bundle.verify(everything=True)
    with Model.open(bundle.root, threads=threads, verify=False) as model:
        load_ms = (perf_counter() - started) * 1000
        cases = read_cases(model.bundle)
        comparison = Comparison()
        tolerance = model.bundle.tolerance()
        for case in cases:
            _try_case(model, case, tolerance, comparison)
    return {
        "ok": not comparison.differences,
        "name": model.bundle.manifest.name,
        "version": model.bundle.manifest.version,
        "cases": len(cases),
        "rows": sum([case.rows for case in cases]),
        "largest_difference": comparison.largest,
        "ties": comparison.ties,
        "load_ms": round(load_ms, 3),
        "peak_memory_bytes": peak_memory_bytes(),
        "memory_budget_bytes": model.bundle.memory_budget_bytes(),
        "differences": comparison.differences,
    }


def sentence(found: dict[str, Any]) -> str:
    """What was found, in one line."""
    what = f"{found['name']} {found['version']}"
    if not found["ok"]:
        count = len(found["differences"])
        return f"{what} does not answer as its source model did ({count} found): {found['differences'][0]}"
    memory = ""
    if found["peak_memory_bytes"] is not None:
        memory = f", peak memory {found['peak_memory_bytes'] / 2**20:.1f} MB"
        budget = found["memory_budget_bytes"]
        if budget is not None and found["peak_memory_bytes"] > budget:
            memory += f" (over the budget of {budget / 2**20:.0f} MB)"
    return (
        f"{what} answers all {found['rows']} golden rows as its source model did: largest difference "
        f"{found['largest_difference']:.2g}, verified and loaded in {found['load_ms']:.1f} ms{memory}"
    )


def _try_case(
    model: Model, case: Any, tolerance: dict[str, tuple[float, float]], comparison: Comparison
) -> None:
    try:
        answers = model.run_tensors(case.inputs)
    except (RequestError, ModelError) as error:
        comparison.differences.append(f"a golden input is refused: {error.message}")
        return
    compare(case, answers, model.bundle.manifest.signature, tolerance, comparison)
