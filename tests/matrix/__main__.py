"""`make matrix`: runs all cases, two at a time, and writes its tables into docs."""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.matrix import table, tiny_table
from tests.matrix.case import Case, Outcome
from tests.matrix.cases import CASES
from tests.matrix.running import fault, run


def _done(case: Case) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="packager-matrix-") as folder:
        outcome = run(case, Path(folder))
    said = f"{outcome.error[0]}: {outcome.error[1]}" if outcome.error else f"{outcome.max_abs_error:.1e}"
    print(f"{outcome.seconds:6.1f} s  {case.id}  {said}", file=sys.stderr, flush=True)
    return outcome


def main() -> int:
    """0 when each case came out as it says; cases to run may be chosen by a part of their names."""
    wanted = [case for case in CASES if all(part in case.id for part in sys.argv[1:])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(_done, wanted))
    if len(wanted) == len(CASES):
        table.write(outcomes)
        tiny_table.write(outcomes)
    odd = [one.case.id for one in outcomes if fault(one)]
    print(f"{len(outcomes)} cases, not as stated: {', '.join(odd) or 'none'}", file=sys.stderr)
    return 1 if odd else 0


if __name__ == "__main__":
    sys.exit(main())
