"""One cold start: a fresh process of the real runtime interface client, from exec to first response."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cold_start.runtime_api import serving
from benchmarks.cold_start.variants import Variant

TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Milliseconds from exec to the first response: on the wall, and without the wait for a processor."""

    wall_ms: float
    corrected_ms: float


def cold_start(variant: Variant, python: Path, client: Path, event: object, expected: str) -> ColdStart:
    """Start the variant once and take its first answer, which must hold ``expected``."""
    with serving(event) as (port, exchange):
        environment = {
            "PATH": os.defpath,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
            "AWS_REGION": "us-east-1",
            "LAMBDA_TASK_ROOT": str(variant.folder),
            "PYTHONPATH": f"{variant.folder}{os.pathsep}{client}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [str(python), "-S", "-m", "awslambdaric", variant.handler]
        began_ns = time.perf_counter_ns()
        process = subprocess.Popen(
            command, cwd=variant.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            answered = exchange.done.wait(TIMEOUT_S)
            waited_ns = _waited_ns(process.pid)
        finally:
            process.kill()
            _, stderr = process.communicate()
    if not answered or exchange.failure or expected not in exchange.body.decode():
        reason = exchange.failure or exchange.body.decode() or stderr.decode()
        raise RuntimeError(f"{variant.name} gave no right answer: {reason[-2000:]}")
    wall_ms = (exchange.answered_ns - began_ns) / 1e6
    return ColdStart(wall_ms, wall_ms - waited_ns / 1e6)


def _waited_ns(pid: int) -> int:
    """How long the process's main thread was ready and had no processor (second field of schedstat)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
