"""The worker as a process: its file contract, what it imports, and the same bytes whatever surrounds it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from tests.converters.jobs import write_request

ROOT = Path(__file__).parents[2]
FRAMEWORKS = ("sklearn", "torch", "onnx", "skl2onnx", "onnxruntime", "pandas", "pyarrow", "pydantic", "click")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rows = np.random.default_rng(0).normal(size=(40, 3))
    joblib.dump(
        RandomForestClassifier(4, random_state=0).fit(rows, rows[:, 0] > 0), tmp_path / "model.joblib"
    )
    return tmp_path / "model.joblib"


def work(job: Path, code: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "packager.converters", str(job)]
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(code), **environment}
    return subprocess.run(command, env=surroundings, cwd=job, capture_output=True, text=True, timeout=300)


def test_a_job_is_done_by_a_process(model: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    write_request(job, model)
    done = work(job)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    result = json.loads((job / "result.json").read_text())
    assert result["model"]["format"] == "onnx"
    assert result["model"]["opset"] <= 18
    assert sorted(path.name for path in job.iterdir()) == [
        "model.onnx",
        "reference.json",
        "request.json",
        "result.json",
    ]


def test_inspecting_writes_a_result_alone(model: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    write_request(job, model, action="inspect")
    assert work(job).returncode == 0
    result = json.loads((job / "result.json").read_text())
    assert {"model", "reference", "accuracy"}.isdisjoint(result)
    assert sorted(path.name for path in job.iterdir()) == ["request.json", "result.json"]


def test_a_refusal_is_a_document_without_a_traceback(tmp_path: Path) -> None:
    job = tmp_path / "job"
    (tmp_path / "model.pkl").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    write_request(job, tmp_path / "model.pkl")
    done = work(job)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    error = json.loads((job / "result.json").read_text())["error"]
    assert error == {
        "kind": "UnsafeModelError",
        "message": "The model file asks for os.system, which is not on the list of what models are made of: "
        "nothing of it was run",
        "hint": "if you trust the file and know this code, allow it by name: --allow os.system",
        "details": ["os.system"],
        "environment": None,
    }


def test_the_bytes_do_not_depend_on_the_surroundings(model: Path, tmp_path: Path) -> None:
    made = []
    for number, environment in enumerate(
        [
            {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"},
            {"PYTHONHASHSEED": "99", "LC_ALL": "C", "HOME": str(tmp_path)},
        ]
    ):
        job = tmp_path / f"job_{number}"
        write_request(job, model)
        assert work(job, ROOT, **environment).returncode == 0
        made.append([(job / name).read_bytes() for name in ("model.onnx", "reference.json", "result.json")])
    assert made[0] == made[1]


def test_a_class_that_the_user_allows_by_name_is_taken(tmp_path: Path) -> None:
    """And its module is found only because its name was allowed."""
    (tmp_path / "ours.py").write_text(
        "from sklearn.linear_model import LinearRegression\nclass Ours(LinearRegression):\n    pass\n"
    )
    script = "import joblib, ours; joblib.dump(ours.Ours().fit([[0.0], [1.0]], [0.0, 1.0]), 'model.joblib')"
    subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, env={"PYTHONPATH": str(tmp_path)}
    )
    errors = {}
    for name, allowed in (("refused", []), ("allowed", ["ours.Ours"])):
        job = tmp_path / name
        write_request(
            job, tmp_path / "model.joblib", action="inspect", allow=allowed, import_paths=[str(tmp_path)]
        )
        work(job)
        errors[name] = json.loads((job / "result.json").read_text())
    assert errors["refused"]["error"]["hint"].endswith("--allow ours.Ours")
    assert errors["allowed"]["source"]["description"] == "Ours"


def test_importing_the_worker_imports_no_framework() -> None:
    found = f"[name for name in {FRAMEWORKS!r} if name in sys.modules]"
    script = f"import packager.converters.job, sys; print({found})"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_worker_runs_on_a_copy_of_its_own_folder_alone(model: Path, tmp_path: Path) -> None:
    import shutil

    code, job = tmp_path / "code", tmp_path / "job"
    shutil.copytree(ROOT / "packager" / "converters", code / "packager" / "converters")
    shutil.copy(ROOT / "packager" / "__init__.py", code / "packager" / "__init__.py")
    write_request(job, model)
    done = work(job, code)
    assert done.returncode == 0, done.stderr
