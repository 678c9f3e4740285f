"""What a prediction does not need is not imported for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtimes.aws_lambda.payloads import load

CHECKOUT = Path(__file__).parents[3]
HEAVY = ("fastapi", "starlette", "pydantic", "mangum", "boto3", "botocore", "numpy", "onnxruntime", "asyncio")
LATE = ("typing", "pathlib", "dataclasses", "inspect", "logging", "urllib.parse", "http")

PROGRAM = """
import json, sys
before = set(sys.modules)
from runtimes.aws_lambda.handler import handler
class Context:
    aws_request_id = "1"
answer = handler(json.loads(sys.argv[1]), Context())
status = answer.get("statusCode", 200 if "error" not in answer else 500)
print(json.dumps([status, sorted(set(sys.modules) - before)]))
"""


def _modules(root: Path, event: object) -> set[str]:
    environment = {"MODEL_ROOT": str(root), "PYTHONPATH": str(CHECKOUT), "PATH": os.defpath}
    command = [sys.executable, "-c", PROGRAM, json.dumps(event)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    status, modules = json.loads(done.stdout.splitlines()[-1])
    assert status == 200
    return set(modules)


@pytest.mark.parametrize("name", ["apigw_v2", "apigw_v1", "function_url", "direct", "apigw_v2_infer", "sqs"])
def test_a_prediction_imports_neither_the_app_nor_a_client(root: Path, name: str) -> None:
    assert not _modules(root, load(name)) & set(HEAVY)


def test_a_prediction_imports_little_of_the_standard_library(root: Path) -> None:
    assert not _modules(root, load("apigw_v2")) & set(LATE)
