"""The machine that a measurement was made on."""

import os
import platform
from pathlib import Path

from packager import interpreters
from packager.measurement import Machine


def describe(python: Path) -> Machine:
    """This machine, with the interpreter that ran the function."""
    found = interpreters.examine(python)
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        arch=platform.machine(),
        kernel=f"{platform.system()} {platform.release()}",
        python=found.version if found else "unknown",
        load=round(os.getloadavg()[0], 2),
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model")))
    return next(named, platform.processor() or platform.machine())
