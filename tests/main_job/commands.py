"""Runs the command line as a user does, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """How one command ended."""

    exit_code: int
    stdout: str
    stderr: str

    def document(self) -> Any:
        """stdout as the one JSON document that it must be."""
        return json.loads(self.stdout)


def packager(*arguments: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> Done:
    """Run `packager` in ``cwd``; ``environment`` replaces this process's."""
    env = dict(os.environ if environment is None else environment)
    command = [sys.executable, "-m", "packager", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600)
    return Done(done.returncode, done.stdout, done.stderr)


def build(model: Path, *arguments: str, cwd: Path) -> Any:
    """Build and return the report; a failure shows what was printed."""
    done = packager("build", model, *arguments, "-o", "json", cwd=cwd)
    assert done.exit_code == 0, done.stderr
    return done.document()
