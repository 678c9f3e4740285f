"""Runs the command line as a user does, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


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


def http_event(document: Any) -> Any:
    """A POST to /predict as an HTTP API sends it."""
    return {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": "/predict",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": "POST", "path": "/predict", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
            "requestId": "test",
        },
        "body": json.dumps(document),
        "isBase64Encoded": False,
    }


def check(answered: Any, expected: Any) -> None:
    """Numbers within 1e-4, everything else equal; what the answer has besides is its own affair."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            check(answered[key], value)
    elif isinstance(expected, list):
        assert len(answered) == len(expected)
        for one, other in zip(answered, expected, strict=True):
            check(one, other)
    elif isinstance(expected, float):
        assert answered == pytest.approx(expected, rel=1e-4, abs=1e-4)
    else:
        assert answered == expected
