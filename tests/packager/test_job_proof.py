"""The proof of a batch job: right answers pass in every form; wrong ones, lost rows and refusals do not."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packager import job_proof, verify
from packager.errors import VerificationError
from packager.invoke.job_rows import Rows
from packager.job_proof import Asked
from packager.manifest import read_signature
from packager.model import Signature
from packager.probe import Array, Case
from tests.artifacts import make_root
from tests.runtimes.core import models

REPOSITORY = Path(__file__).parents[2]


def job_of(path: Path, model: bytes, document: dict[str, Any]) -> Path:
    """A job's folder of this checkout's code."""
    make_root(path, model, document)
    for room in ("core", "batch"):
        shutil.copytree(
            REPOSITORY / "runtimes" / room,
            path / "runtimes" / room,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copy(REPOSITORY / "runtimes" / "__init__.py", path / "runtimes")
    return path


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return job_of(tmp_path_factory.mktemp("mixed") / "job", *models.mixed())


def inputs_of_mixed(count: int) -> dict[str, Array]:
    rng = np.random.default_rng(3)
    age = rng.normal(40, 10, count).astype(np.float32)
    age[::5] = np.nan  # which the model takes
    return {
        "city": rng.choice(["Bern", "Köln", '東京, "x"'], count).astype(object).reshape(-1, 1),
        "age": age.reshape(-1, 1),
        "rooms": rng.integers(1, 6, count).reshape(-1, 1),
    }


def answered(model: bytes, inputs: dict[str, Array]) -> dict[str, Array]:
    """By ONNX Runtime's own package."""
    from onnxruntime import InferenceSession

    session = InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def asked_of(document: dict[str, Any], *cases: Case) -> Asked:
    signature: Signature = read_signature(document)
    return Asked(signature, cases, "samples", verify.tolerances(signature, cases))


def prove(root: Path, asked: Asked) -> str:
    return job_proof.prove(root, (Path(sys.executable), None), asked, lambda _: None, offline=False)


@pytest.fixture(scope="module")
def right() -> Asked:
    model, document = models.mixed()
    inputs = inputs_of_mixed(40)
    return asked_of(document, Case(inputs, answered(model, inputs)))


def test_right_answers_pass_as_parquet_and_as_csv(mixed: Path, right: Asked) -> None:
    assert prove(mixed, right) == "40 rows through parquet and csv"


def test_one_wrong_class_fails_and_is_shown(mixed: Path, right: Asked) -> None:
    (case,) = right.cases
    label, *_ = case.outputs
    wrong = case.outputs[label].copy()
    wrong[7] = "high" if wrong[7] == "low" else "low"
    spoilt = replace(right, cases=(Case(case.inputs, {**case.outputs, label: wrong}),))
    with pytest.raises(VerificationError, match="differs in 1 of 40 rows") as caught:
        prove(mixed, spoilt)
    assert caught.value.details[0].startswith("row 7")


def test_one_probability_beyond_the_tolerance_fails(mixed: Path, right: Asked) -> None:
    (case,) = right.cases
    _, scores = case.outputs
    wrong = case.outputs[scores].copy()
    wrong[3, 1] += 1e-3
    spoilt = replace(right, cases=(Case(case.inputs, {**case.outputs, scores: wrong}),))
    with pytest.raises(VerificationError, match=r"differs by more than .* in 1 of 40 rows"):
        prove(mixed, spoilt)


def test_rows_that_the_function_refuses_must_be_dead_letters(mixed: Path) -> None:
    model, document = models.mixed()
    inputs = inputs_of_mixed(20)
    inputs["age"][4] = np.inf  # no model takes that
    said = prove(mixed, asked_of(document, Case(inputs, answered(model, inputs))))
    assert said == "19 rows through parquet and csv, 1 refused as by the function"


def test_a_row_that_the_job_refuses_and_the_model_answers_fails(mixed: Path, right: Asked) -> None:
    """As if the signature had lost what may be missing: the manifest of the job still has it otherwise."""
    (case,) = right.cases
    document = json.loads((mixed / "manifest.json").read_text())
    for feature in document["signature"]["features"]:
        feature["categories"] = ["Bern"] if feature["name"] == "city" else []
    strict = job_of(
        mixed.parent / "strict", (mixed / "model" / "model.onnx").read_bytes(), document["signature"]
    )
    with pytest.raises(VerificationError, match="the model takes all but 0") as caught:
        prove(strict, replace(right, cases=(case,)))
    assert "unknown_category" in caught.value.message


def test_a_job_that_does_not_start_says_why(mixed: Path, right: Asked, tmp_path: Path) -> None:
    root = shutil.copytree(mixed, tmp_path / "job", symlinks=True)
    (root / "runtimes" / "batch" / "planning.py").write_text("this is no Python\n")
    with pytest.raises(VerificationError, match="ended with code") as caught:
        prove(root, right)
    assert any("SyntaxError" in line for line in caught.value.details)


def test_a_model_without_rows_is_refused(mixed: Path) -> None:
    inputs = [("a", "float32", ["n", 3]), ("b", "float32", [3, "m"])]
    document = models.signature(inputs, [("c", "float32", ["n", "m"])])  # type: ignore[arg-type]
    with pytest.raises(VerificationError, match="the model takes no rows"):
        prove(mixed, asked_of(document, Case({}, {})))


def test_rows_without_columns_go_as_lists(tmp_path: Path) -> None:
    from onnx import helper

    nodes = [helper.make_node("Flatten", ["image"], ["flat"])]
    specs = [("image", "float32", ["batch", 2, 3])], [("flat", "float32", ["batch", 6])]
    model, document = models.graph(nodes, *specs), models.signature(*specs)  # type: ignore[arg-type]
    images = np.random.default_rng(0).random((12, 2, 3), np.float32)
    root = job_of(tmp_path / "job", model, document)
    case = Case({"image": images}, {"flat": images.reshape(12, 6)})
    assert prove(root, asked_of(document, case)) == "12 rows through parquet"
    spoilt = Case(case.inputs, {"flat": case.outputs["flat"][::-1].copy()})
    with pytest.raises(VerificationError, match="'flat' differs"):
        prove(root, asked_of(document, spoilt))


def test_of_a_large_input_fewer_rows_are_taken() -> None:
    from packager.invoke import job_rows

    document = models.signature([("x", "float32", ["batch", 4])], [("y", "float32", ["batch", 4])])
    case = Case({"x": np.zeros((1_000_000, 4), np.float32)}, {"y": np.zeros((1_000_000, 4), np.float32)})
    found = job_rows.rows_of(read_signature(document), [case])
    assert isinstance(found, Rows) and found.count == 500_000
