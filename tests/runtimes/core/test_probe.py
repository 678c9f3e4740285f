"""The probe runs cases through the shipped predictor in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import uv

from runtimes.core.tensors import Tensor, from_buffer, from_document
from tests.artifacts import Document, engine_library, make_root
from tests.runtimes.core import models

REPOSITORY = Path(__file__).parents[3]


def run_probe(
    *arguments: str, environment: dict[str, str] | None = None, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Only the standard library is within reach: ``-I`` would also hide the checkout."""
    command = [python, "-S", "-m", "runtimes.core.probe", *arguments]
    given = {"PYTHONPATH": str(REPOSITORY), "LC_ALL": "C", **(environment or {})}
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=120)


def mixed_cases() -> Document:
    rows: list[Any] = [["Köln", 30.5, 1], ["東京", np.nan, 5], ["nowhere", 80, 3]]
    cases = []
    for count in (1, 3, 2):
        some = rows[:count]
        inputs = {
            "city": Tensor("string", (count, 1), [row[0] for row in some]),
            "age": from_buffer(np.array([[row[1]] for row in some], np.float32)),
            "rooms": from_buffer(np.array([[row[2]] for row in some], np.int64)),
        }
        cases.append({"inputs": {name: tensor.document() for name, tensor in inputs.items()}, "outputs": {}})
    return {"schema_version": 1, "cases": cases}


def assert_answers_equal_the_package(answers: Document, cases: Document, model: bytes) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    assert len(answers["cases"]) == len(cases["cases"])
    for case, answer in zip(cases["cases"], answers["cases"], strict=True):
        tensors = {name: from_document(document, name) for name, document in case["inputs"].items()}
        arrays = {
            name: np.array(tensor.data, object).reshape(tensor.shape)
            if isinstance(tensor.data, list)
            else np.frombuffer(tensor.to_bytes(), tensor.dtype).reshape(tensor.shape)
            for name, tensor in tensors.items()
        }
        for name, expected in zip(names, session.run(None, arrays), strict=True):
            got = from_document(answer["outputs"][name], name)
            flat = got.data if isinstance(got.data, list) else got.to_bytes()
            assert flat == (list(expected) if isinstance(got.data, list) else expected.tobytes())


def test_answers_every_case_as_the_package_does(tmp_path: Path) -> None:
    model, signature = models.mixed()
    root = make_root(tmp_path / "root", model, signature)
    cases = mixed_cases()
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    output = tmp_path / "answers.json"
    done = run_probe("--root", str(root), "--cases", str(tmp_path / "cases.json"), "--output", str(output))
    assert (done.returncode, done.stderr) == (0, "")
    answers = json.loads(output.read_text())
    assert answers["schema_version"] == 1
    assert answers["load_ms"] > 0
    assert len(answers["run_ms"]) == 3
    assert_answers_equal_the_package(answers, cases, model)


def test_the_environment_names_another_library(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", *models.linear())
    (root / "lib" / "libonnxruntime.so.1").unlink()
    case = {"inputs": {"X": from_buffer(np.ones((1, 2), np.float32)).document()}}
    (tmp_path / "cases.json").write_text(json.dumps({"schema_version": 1, "cases": [case]}))
    arguments = [
        "--root",
        str(root),
        "--cases",
        str(tmp_path / "cases.json"),
        "--output",
        str(tmp_path / "out"),
    ]
    failed = run_probe(*arguments)
    assert failed.returncode == 1
    assert "does not exist" in json.loads((tmp_path / "out").read_text())["error"]["message"]
    assert run_probe(*arguments, environment={"ENGINE_LIBRARY": str(engine_library())}).returncode == 0


@pytest.mark.parametrize(
    ("cases", "sentence"),
    [
        ("{", "cannot be read"),
        ('{"schema_version": 2, "cases": []}', "have a schema_version"),
        ('{"schema_version": 1}', "hold no list of cases"),
        ('{"schema_version": 1, "cases": [3]}', "case 0 has no inputs"),
        ('{"schema_version": 1, "cases": [{"inputs": {"X": 3}}]}', "the input X is not a tensor"),
        ('{"schema_version": 1, "cases": [{"inputs": {"X": {}}}]}', "dtype must be one of"),
        ('{"schema_version": 1, "cases": [{"inputs": {}}]}', "the input X is missing"),
    ],
)
def test_cases_that_cannot_be_run_are_an_error_document(tmp_path: Path, cases: str, sentence: str) -> None:
    root = make_root(tmp_path / "root", *models.linear())
    (tmp_path / "cases.json").write_text(cases)
    output = tmp_path / "answers.json"
    done = run_probe("--root", str(root), "--cases", str(tmp_path / "cases.json"), "--output", str(output))
    document = json.loads(output.read_text())
    assert done.returncode == 1
    assert (document["schema_version"], sorted(document)) == (1, ["error", "schema_version"])
    assert sentence in document["error"]["message"]
    assert "Traceback" not in done.stderr


def test_a_manifest_that_does_not_fit_the_model_is_an_error_document(tmp_path: Path) -> None:
    model, signature = models.linear()
    wrong = {**signature, "outputs": [{**signature["outputs"][0], "dtype": "int64"}]}
    root = make_root(tmp_path / "root", model, wrong)
    (tmp_path / "cases.json").write_text('{"schema_version": 1, "cases": []}')
    output = tmp_path / "answers.json"
    done = run_probe("--root", str(root), "--cases", str(tmp_path / "cases.json"), "--output", str(output))
    assert done.returncode == 1
    assert "the output y is float32, not int64" in json.loads(output.read_text())["error"]["message"]


@pytest.mark.parametrize("arguments", [[], ["--root"], ["--root", "a", "--cases", "b", "--outputs", "c"]])
def test_a_wrong_command_line_shows_the_usage(arguments: list[str]) -> None:
    done = run_probe(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: python -m runtimes.core.probe --root")


@pytest.mark.network
@pytest.mark.parametrize("version", ["1.19.2", "1.23.2"])
def test_older_libraries_give_the_same_answers(tmp_path: Path, version: str) -> None:
    """The table of functions only grows: what works with the newest library works with the older ones."""
    folder = tmp_path / "wheel"
    install = [
        uv.find_uv_bin(),
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(folder),
        "--only-binary",
        ":all:",
    ]
    subprocess.run([*install, "--python-version", "3.12", f"onnxruntime=={version}"], check=True, timeout=300)
    (library,) = folder.glob("onnxruntime/capi/libonnxruntime.so.*")
    model, signature = models.mixed()
    root = make_root(tmp_path / "root", model, signature)
    cases = mixed_cases()
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    output = tmp_path / "answers.json"
    done = run_probe(
        *("--root", str(root), "--cases", str(tmp_path / "cases.json"), "--output", str(output)),
        environment={"ENGINE_LIBRARY": str(library)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert_answers_equal_the_package(json.loads(output.read_text()), cases, model)
