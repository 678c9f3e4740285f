"""Runs ``python -m edge`` out of a bundle, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

LEAN = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}


def run_edge(
    bundle: Path, *arguments: str, text: str | bytes = b"", python: str = sys.executable, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """What came of a command; its answers and what it said are decoded."""
    done = subprocess.run(
        [python, "-m", "edge", *arguments],
        input=text.encode() if isinstance(text, str) else text,
        cwd=bundle, env={**LEAN, **environment}, capture_output=True, timeout=120,
    )  # fmt: skip
    out, said = done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "backslashreplace")
    assert "Traceback" not in said, said
    return subprocess.CompletedProcess(done.args, done.returncode, out, said)
