"""Every engine answers rows of columns, several threads at once, in a process that has no numpy."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pytest

from packager.converters.tiny.graph import lower
from runtimes.batch.rows import Rows
from runtimes.core.predictor import Predictor
from tests.artifacts import make_root
from tests.runtimes.batch.rows.asking import bind, check_same
from tests.runtimes.core import models, tflite_models
from tests.runtimes.core.engines.tiny.running import signature_of

ENGINES = ["onnxruntime_c", "tiny", "litert_c"]


def root_of(folder: Path, engine: str) -> Path:
    """The linear model of two columns, for an engine."""
    if engine == "litert_c":
        return make_root(folder, *tflite_models.linear(), file="model.tflite")
    model, signature = models.linear()
    if engine == "onnxruntime_c":
        return make_root(folder, model, signature)
    loaded = onnx.load_from_string(model)
    return make_root(folder, lower(loaded, signature_of(loaded)).data, signature, engine={"kind": "tiny"})


def batch_of(predictor: Predictor, count: int, seed: int = 0) -> pa.RecordBatch:
    names = [feature.name for feature in predictor.manifest.signature.features]
    values = np.random.default_rng(seed).normal(size=(len(names), count)).astype(np.float32)
    return pa.RecordBatch.from_arrays([pa.array(column) for column in values], names)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_engine_answers_as_the_function_does(tmp_path: Path, engine: str) -> None:
    with Predictor(str(root_of(tmp_path / "root", engine))) as predictor:
        assert predictor.manifest.engine.kind == engine
        check_same(predictor, batch_of(predictor, 50))


@pytest.mark.parametrize("engine", ENGINES)
def test_threads_share_one_open_model(tmp_path: Path, engine: str) -> None:
    with Predictor(str(root_of(tmp_path / "root", engine))) as predictor:
        batches = [batch_of(predictor, 200 + seed, seed) for seed in range(12)]
        rows = Rows(bind(predictor, batches[0].schema), predictor)
        alone = [rows.predict(batch).answers for batch in batches]
        with ThreadPoolExecutor(4) as pool:
            for _ in range(5):
                together = list(pool.map(lambda batch: rows.predict(batch).answers, batches))
                assert together == alone


WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = sys.modules["pandas"] = None
import json, types
import pyarrow as pa
from runtimes.batch.rows import Binding, Rows, batch_rows
from runtimes.core.predictor import Predictor
predictor = Predictor(sys.argv[1])
job = types.SimpleNamespace(keep="rest", map={}, prefix="", header=True, missing=())
batch = pa.record_batch({"id": ["x", "y", "z"], "a": pa.array([1.5, None, 2.0]), "b": pa.array([1, 2, 3])})
binding = Binding(predictor.manifest.signature, batch.schema, "parquet", job)
predicted = Rows(binding, predictor).predict(batch)
print(json.dumps([predicted.answers.to_pylist(), [one.reason for one in predicted.refused]]))
"""


def test_a_process_without_numpy_answers(tmp_path: Path) -> None:
    root = root_of(tmp_path / "root", "onnxruntime_c")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMPY, str(root)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        [{"id": "x", "prediction": 7.0}, {"id": "z", "prediction": 14.0}],
        ["missing"],
    ]
