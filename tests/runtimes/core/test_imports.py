"""What ships is light: the standard library only, little of it, in the grammar of Python 3.9."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.artifacts import make_root
from tests.runtimes.core import models

REPOSITORY = Path(__file__).parents[3]
SHIPPED = sorted((REPOSITORY / "runtimes" / "core").rglob("*.py"))
HEAVY = (
    "numpy",
    "onnxruntime",
    "typing",
    "dataclasses",
    "pathlib",
    "inspect",
    "logging",
    "argparse",
    "asyncio",
)

PROGRAM = """
import sys
from runtimes.core.predictor import Predictor
assert "ctypes" not in sys.modules
predictor = Predictor()
assert predictor.predict({"features": [2, 3.5]})["predictions"] == [15.5]
print(" ".join(sys.modules))
"""


def test_a_prediction_imports_nothing_heavy(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", *models.linear())
    environment = {"PYTHONPATH": str(REPOSITORY), "MODEL_ROOT": str(root)}
    command = [sys.executable, "-S", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()).isdisjoint(HEAVY)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_every_file_is_of_the_grammar_of_python_3_9(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 9))
    assert "from __future__ import annotations" in source or file.name == "__init__.py"
