"""What a device runs is light, in the grammar of Python 3.9, and answers alike on every Python."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from packager import interpreters
from tests.edge.running import run_edge
from tests.edge.update.releases import make_bundle

REPOSITORY = Path(__file__).parents[2]
SHIPPED = sorted((REPOSITORY / "edge").rglob("*.py"))
HEAVY = {
    "argparse", "asyncio", "collections", "csv", "dataclasses", "enum", "hashlib", "inspect", "json",
    "logging", "numpy", "onnxruntime", "pathlib", "re", "signal", "socket", "ssl", "subprocess", "tempfile",
    "typing",
}  # fmt: skip
NEEDED = "3.11"
ROW = "[5.1, 3.5, 1.4, 0.2]"

PROGRAM = f"""
import sys
import edge
assert "runtimes" not in sys.modules and "edge.model" not in sys.modules
from edge import Model
assert "ctypes" not in sys.modules
with Model.open() as model:
    assert model.predict([{ROW}])["predictions"] == ["setosa"]
    assert model.run({{"X": [{ROW}]}})["probabilities"].tolist()[0][0] > 0.9
print(" ".join(sys.modules))
"""


@pytest.mark.parametrize("engine", ["tiny", "onnxruntime"])
def test_a_prediction_imports_nothing_heavy(iris: Path, iris_onnx: Path, engine: str) -> None:
    bundle = iris if engine == "tiny" else iris_onnx
    command = [sys.executable, "-S", "-B", "-c", PROGRAM]
    done = subprocess.run(command, cwd=bundle, env={}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = set(done.stdout.split())
    assert not found & HEAVY
    assert ("ctypes" in found) == (engine != "tiny")


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_every_file_is_of_the_grammar_of_python_3_9(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 9))
    assert "from __future__ import annotations" in source or file.name == "__init__.py"


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_answers_are_the_same_on_every_python(iris: Path, iris_onnx: Path, mixed: Path, version: str) -> None:
    found = interpreters.find(version)
    if found is None:
        if os.environ.get("CI") == "true" and version == NEEDED:
            pytest.fail(f"there has to be a Python {version} in CI")
        pytest.skip(f"there is no Python {version} on this machine")
    for bundle in (iris, iris_onnx, mixed):
        tested = run_edge(bundle, "selftest", "--json", python=str(found.path))
        assert json.loads(tested.stdout)["ok"], tested.stderr
    text = f"{ROW}\n[1]\nnonsense\n"
    assert (
        run_edge(iris, "predict", text=text, python=str(found.path)).stdout.splitlines()[0]
        == (run_edge(iris, "predict", text=text).stdout.splitlines()[0])
    )
    table = run_edge(
        mixed, "predict", "--output", "csv", text="city,age,rooms\nBern,,2\n", python=str(found.path)
    )
    assert table.returncode == 0


def test_an_older_python_is_refused_with_a_sentence(iris: Path) -> None:
    found = interpreters.find("3.8")
    if found is None:
        pytest.skip("there is no Python 3.8 on this machine")
    command = [str(found.path), "-c", "from edge import Model"]
    done = subprocess.run(command, cwd=iris, env={}, capture_output=True, text=True, timeout=60)
    assert done.stderr.strip().endswith("ImportError: edge needs Python 3.9 or newer; this is 3.8")


SWITCHED = """
import os, sys
home = sys.argv[1]
sys.path.insert(0, home + "/current")
import edge
os.symlink("b", home + "/next")
os.rename(home + "/next", home + "/current")
from edge import Model
from edge.telemetry import Telemetry
import runtimes.core.service
folders = {os.path.dirname(m.__file__).partition("/slots/")[2][:1] for m in map(sys.modules.get, [
    "edge.model", "edge.bundle", "edge.telemetry", "runtimes.core.service", "runtimes.core.predictor"])}
print(*folders, Model.open().info["version"], home + "/slots/a" in sys.path)
"""


def test_code_that_is_imported_while_an_update_switches_is_of_one_slot(tmp_path: Path) -> None:
    slots = tmp_path / "slots"
    bundles = [make_bundle(slots / name, seed, code=True) for seed, name in enumerate("ab")]
    version = json.loads((bundles[1] / "manifest.json").read_text())["version"]
    (slots / "current").symlink_to("a")
    done = subprocess.run(
        [sys.executable, "-B", "-c", SWITCHED, str(slots)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["a", version, "False"], done.stderr
