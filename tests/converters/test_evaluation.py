"""Rows that a changed model is judged by, and others that it is changed by."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression

from tests.converters.jobs import Done, array_of, do

_CLASSES = np.array(["ham", "spam", "eggs"])


@pytest.fixture(scope="module")
def rows() -> Any:
    return np.random.default_rng(0).normal(size=(900, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def kinds(rows: Any) -> Any:
    return _CLASSES[(rows[:, 0] > 0).astype(int) + (rows[:, 1] > 0)]


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory, rows: Any, kinds: Any) -> Path:
    path = tmp_path_factory.mktemp("forest") / "model.joblib"
    joblib.dump(RandomForestClassifier(5, max_depth=4, random_state=0).fit(rows, kinds), path)
    return path


def _files(folder: Path, rows: Any, labels: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    np.save(folder / "rows.npy", rows)
    np.save(folder / "labels.npy", labels)
    return {"samples": str(folder / "rows.npy"), "labels": str(folder / "labels.npy")}


def _read(done: Done, name: str) -> dict[str, Any]:
    assert done.result["ok"], done.result
    document: dict[str, Any] = json.loads((done.folder / name).read_text(encoding="utf-8"))
    return document


def _inputs(document: dict[str, Any]) -> Any:
    return np.concatenate(
        [array_of(tensor) for case in document["cases"] for tensor in case["inputs"].values()]
    )


def _net(path: Path, batch: Any, outputs: int = 3) -> Path:
    weights = np.random.default_rng(1).normal(size=(4, outputs)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, outputs])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


def test_draws_all_rows_apart_with_the_truth_beside_each(
    tmp_path: Path, forest: Path, rows: Any, kinds: Any
) -> None:
    asked = {**_files(tmp_path / "given", rows, kinds), "evaluation_rows": 600, "calibration_rows": 100}
    done = do(tmp_path / "job", forest, **asked)
    evaluation, calibration = _read(done, "evaluation.json"), _read(done, "calibration.json")
    judged, seen = _inputs(evaluation), _inputs(calibration)
    assert (len(judged), len(seen), len(evaluation["labels"])) == (600, 100, 600)
    both = {row.tobytes() for row in judged} | {row.tobytes() for row in seen}
    assert len(both) == 700 and both <= {row.tobytes() for row in rows}
    truth = {row.tobytes(): kind for row, kind in zip(rows, kinds, strict=True)}
    classes = done.signature["class_labels"]
    assert [classes[int(at)] for at in evaluation["labels"]] == [truth[row.tobytes()] for row in judged]
    said = done.result["evaluation"]
    assert said["notes"] == ["calibrated on 100 rows, evaluated on 600 others, drawn from 900 with seed 0"]
    assert max(len(array_of(case["inputs"]["X"])) for case in evaluation["cases"]) == 256
    again = do(tmp_path / "again", forest, **asked)
    assert (again.folder / "evaluation.json").read_bytes() == (done.folder / "evaluation.json").read_bytes()


def test_of_few_rows_a_quarter_calibrates(tmp_path: Path, forest: Path, rows: Any, kinds: Any) -> None:
    asked = {
        **_files(tmp_path / "given", rows[:40], kinds[:40]),
        "evaluation_rows": 600,
        "calibration_rows": 100,
    }
    said = do(tmp_path / "job", forest, **asked).result["evaluation"]
    assert (said["rows"], said["calibration_rows"]) == (30, 10)
    assert "calibrated on 10 rows (100 were asked for)" in said["notes"][0]


def test_of_too_few_rows_none_calibrates(tmp_path: Path, forest: Path, rows: Any, kinds: Any) -> None:
    asked = {
        **_files(tmp_path / "given", rows[:3], kinds[:3]),
        "evaluation_rows": 600,
        "calibration_rows": 100,
    }
    done = do(tmp_path / "job", forest, **asked)
    assert done.result["evaluation"]["calibration_path"] is None
    assert done.result["evaluation"]["notes"] == [
        "evaluated on 3 rows, calibrated on none: 3 rows are too few"
    ]
    assert not (done.folder / "calibration.json").exists()


def test_made_rows_evaluate_and_never_calibrate(tmp_path: Path, forest: Path) -> None:
    done = do(tmp_path / "job", forest, evaluation_rows=200, calibration_rows=100)
    evaluation = _read(done, "evaluation.json")
    assert evaluation["labels"] is None and done.result["evaluation"]["calibration_path"] is None
    reference = {array_of(case["inputs"]["X"]).tobytes() for case in done.cases}
    assert reference.isdisjoint(array_of(case["inputs"]["X"]).tobytes() for case in evaluation["cases"])


def test_nothing_is_written_where_nothing_is_asked_for(tmp_path: Path, forest: Path) -> None:
    done = do(tmp_path / "job", forest)
    assert done.result["evaluation"] is None and not (done.folder / "evaluation.json").exists()


def test_a_class_that_the_model_does_not_know_is_always_wrong(
    tmp_path: Path, forest: Path, rows: Any, kinds: Any
) -> None:
    labels = np.where(np.arange(900) < 5, "bacon", kinds)
    done = do(tmp_path / "job", forest, **_files(tmp_path / "given", rows, labels), evaluation_rows=900)
    assert _read(done, "evaluation.json")["labels"].count(-1.0) == 5
    assert done.result["evaluation"]["notes"][0].startswith("5 rows have a label that is none of the model's")


def test_a_regression_keeps_its_numbers(tmp_path: Path, rows: Any) -> None:
    wanted = rows[:, 0] * 2.5
    joblib.dump(LinearRegression().fit(rows, wanted), tmp_path / "line.joblib")
    asked = _files(tmp_path / "given", rows[:50], wanted[:50])
    done = do(tmp_path / "job", tmp_path / "line.joblib", **asked, evaluation_rows=50)
    evaluation = _read(done, "evaluation.json")
    assert np.allclose(evaluation["labels"], _inputs(evaluation)[:, 0] * 2.5)


def test_a_net_takes_places_of_classes_and_refuses_their_names(tmp_path: Path, rows: Any, kinds: Any) -> None:
    net = _net(tmp_path / "net.onnx", "batch")
    places = np.arange(60) % 3
    done = do(tmp_path / "job", net, **_files(tmp_path / "given", rows[:60], places), evaluation_rows=60)
    assert set(_read(done, "evaluation.json")["labels"]) == {0.0, 1.0, 2.0}
    refused = do(
        tmp_path / "no", net, **_files(tmp_path / "given", rows[:60], kinds[:60]), evaluation_rows=60
    )
    assert "names no classes are numbers" in refused.error["message"]
    assert "places among the outputs" in refused.error["hint"]


def test_a_fixed_batch_gets_whole_batches(tmp_path: Path, rows: Any) -> None:
    net = _net(tmp_path / "net.onnx", 8)
    asked = {**_files(tmp_path / "given", rows[:100], np.arange(100) % 3), "evaluation_rows": 50}
    done = do(tmp_path / "job", net, **asked, calibration_rows=20)
    evaluation, calibration = _read(done, "evaluation.json"), _read(done, "calibration.json")
    assert [len(array_of(case["inputs"]["x"])) for case in evaluation["cases"]] == [8] * 6
    assert (len(evaluation["labels"]), len(calibration["cases"])) == (48, 2)


def _with_state(path: Path) -> Path:
    """As models of audio are: what is heard and what is remembered, which share no first axis."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceSum", ["x"], ["heard"], keepdims=1),
            helper.make_node("Add", ["state", "heard"], ["next"]),
        ],
        "net",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 16]),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [2, 1, 3]),
        ],
        [
            helper.make_tensor_value_info("heard", TensorProto.FLOAT, [1, 1]),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [2, 1, 3]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


def test_whole_inputs_come_along_a_first_axis_and_each_is_a_case(tmp_path: Path) -> None:
    model, random = _with_state(tmp_path / "net.onnx"), np.random.default_rng(0)
    heard = random.normal(size=(40, 1, 16)).astype(np.float32)
    np.savez(tmp_path / "rows.npz", x=heard, state=random.normal(size=(40, 2, 1, 3)).astype(np.float32))
    np.save(tmp_path / "labels.npy", heard.sum(axis=(1, 2)))
    asked = {"samples": str(tmp_path / "rows.npz"), "labels": str(tmp_path / "labels.npy")}
    done = do(tmp_path / "job", model, **asked, evaluation_rows=100, calibration_rows=100)
    evaluation, calibration = _read(done, "evaluation.json"), _read(done, "calibration.json")
    assert (len(evaluation["cases"]), len(calibration["cases"]), len(done.cases)) == (30, 10, 16)
    found = [float(array_of(case["outputs"]["heard"])[0, 0]) for case in evaluation["cases"]]
    assert np.allclose(evaluation["labels"], found, atol=1e-4)
    assert array_of(evaluation["cases"][0]["inputs"]["state"]).shape == (2, 1, 3)


def test_one_whole_input_is_evaluated_alone(tmp_path: Path) -> None:
    model = _with_state(tmp_path / "net.onnx")
    np.savez(tmp_path / "rows.npz", x=np.ones((1, 16), np.float32), state=np.ones((2, 1, 3), np.float32))
    done = do(
        tmp_path / "job", model, samples=str(tmp_path / "rows.npz"), evaluation_rows=9, calibration_rows=9
    )
    said = done.result["evaluation"]
    assert (said["rows"], said["calibration_path"]) == (1, None)
    assert said["notes"] == ["evaluated on the one sample, and there is no other to calibrate on"]


def test_a_translation_brings_the_same_rows_and_labels(
    tmp_path: Path, forest: Path, rows: Any, kinds: Any
) -> None:
    asked = {**_files(tmp_path / "given", rows, kinds), "evaluation_rows": 300, "calibration_rows": 50}
    first = do(tmp_path / "onnx", forest, **asked)
    second = do(
        tmp_path / "tflite", first.folder / "model.onnx", action="translate", format="tflite",
        converted=str(first.folder),
    )  # fmt: skip
    before, after = _read(first, "evaluation.json"), _read(second, "evaluation.json")
    assert after["labels"] == before["labels"] and np.array_equal(_inputs(before), _inputs(after))
    assert after["cases"][0]["outputs"]["label"]["dtype"] == "int64"
    calibration = _read(second, "calibration.json")
    assert len(_inputs(calibration)) == 50 and calibration["cases"][0]["outputs"] == {}
