"""The usual zip, made by plain `pip install --target`: its advice is carried out, and it answers the same."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packager import cache, resources, runtime_api, sizes, tools
from packager.measurement import SizeLedger
from packager.runtime_api import Function
from tests.packager.sizes.functions import zipped

pytestmark = pytest.mark.network

HANDLER = """
import numpy as np
import onnxruntime
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel

session = onnxruntime.InferenceSession("model.onnx")
app = FastAPI()


class Question(BaseModel):
    features: list[float]


@app.post("/predict")
def predict(question: Question) -> dict[str, object]:
    label, probabilities = session.run(None, {"X": np.array([question.features], np.float32)})
    return {"predictions": label.tolist(), "probabilities": probabilities.tolist()}


handler = Mangum(app)
"""
LOCK = resources.DATA / "benchmark_naive.lock"


def packages() -> Path:
    """fastapi, mangum, onnxruntime and numpy as pip installs them, kept in the cache."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]

    def make(dest: Path) -> None:
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(dest), "--require-hashes"]
        subprocess.run([*command, "-r", str(LOCK)], check=True, capture_output=True, text=True)

    try:
        return cache.entry(f"published-pip-target-{digest}-{sys.implementation.cache_tag}", make)
    except subprocess.CalledProcessError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"the packages cannot be fetched: {error.stderr.strip()[-200:]}")


def iris_model() -> bytes:
    from skl2onnx import to_onnx
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    rows, target = load_iris(return_X_y=True)
    forest = RandomForestClassifier(20, random_state=0, n_jobs=1).fit(rows, target)
    model = to_onnx(forest, rows[:1].astype(np.float32), options={"zipmap": False}, target_opset=18)
    content: bytes = model.SerializeToString()
    return content


def event(features: list[float]) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/predict",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/predict", "sourceIp": "127.0.0.1"}},
        "body": json.dumps({"features": features}),
        "isBase64Encoded": False,
    }


def answers(archive: Path, work: Path) -> list[Any]:
    """What the zip's function answers to other rows than the one it was cut by."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(work)
    python = Path(sys.executable)
    function = Function(work, "app.handler", python, tools.interface_client(python))
    rows = np.random.default_rng(0).uniform(0, 7, (20, 4)).round(1).tolist()
    with runtime_api.running(function) as instance:
        replies = [instance.invoke(json.dumps(event(row)).encode()) for row in rows]
    assert [reply.failure for reply in replies] == [None] * len(rows)
    found = [json.loads(reply.body) for reply in replies]
    assert {answer["statusCode"] for answer in found} == {200}
    return found


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, SizeLedger]:
    """The zip, the one without what was cut, and what was said."""
    work = tmp_path_factory.mktemp("pip")
    shutil.copytree(packages(), work / "function", symlinks=True)
    (work / "function/app.py").write_text(HANDLER)
    (work / "function/model.onnx").write_bytes(iris_model())
    whole = zipped(work / "function", work / "naive.zip")
    (work / "event.json").write_text(json.dumps(event([5.1, 3.5, 1.4, 0.2])))
    asked = sizes.Asked(events=(work / "event.json",))
    found = sizes.explain(whole, asked, work / "small.zip")
    shutil.rmtree(work / "function")
    return whole, work / "small.zip", found


def test_its_advice_carried_out_saves_two_fifths(carried_out: tuple[Path, Path, SizeLedger]) -> None:
    whole, small, found = carried_out
    assert found.zipped_bytes == whole.stat().st_size > found.room[0].max_bytes
    assert small.stat().st_size < 0.6 * whole.stat().st_size
    assert small.stat().st_size < found.room[0].max_bytes


def test_the_unused_copy_of_the_engine_is_found(carried_out: tuple[Path, Path, SizeLedger]) -> None:
    _, small, found = carried_out
    safe = [cut.what for cut in found.cuts or () if cut.safe]
    assert any("onnxruntime/capi/libonnxruntime.so." in what and "nothing loads" in what for what in safe)
    assert any(what.startswith("tests") for what in safe)
    assert any(what.startswith("flatbuffers, which no import") for what in safe)
    with zipfile.ZipFile(small) as packed:
        names = packed.namelist()
    assert not [name for name in names if "libonnxruntime.so." in name]
    assert [name for name in names if name.startswith("numpy.libs/")]  # vendored libraries always stay
    assert [name for name in names if name.endswith("libonnxruntime_providers_shared.so")]


def test_it_answers_the_same_as_before(carried_out: tuple[Path, Path, SizeLedger], tmp_path: Path) -> None:
    whole, small, _ = carried_out
    assert answers(small, tmp_path / "small") == answers(whole, tmp_path / "whole")
