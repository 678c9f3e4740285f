"""``Model``: rows and tensors in every shape that Python has them in, answered as the cloud answers them."""

import array
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import Model, ModelError, RequestError
from runtimes.core.predictor import Predictor
from tests.edge.bundles import make_bundle
from tests.edge.conftest import FEATURES, ROWS
from tests.runtimes.core import models

ROW = [5.1, 3.5, 1.4, 0.2]


def test_answers_what_the_cloud_answers(iris: Path, iris_onnx: Path) -> None:
    for bundle in (iris, iris_onnx):
        with Model.open(bundle) as model, Predictor(str(bundle)) as predictor:
            assert model.predict(ROWS.tolist()) == predictor.predict({"instances": ROWS.tolist()})
            assert model.answer({"features": ROW}) == predictor.predict({"features": ROW})


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        tuple(ROW),
        dict(zip(FEATURES, ROW, strict=True)),
        [np.float64(value) for value in ROW],
        [ROW],
        [tuple(ROW)],
        [np.array(ROW)],
        [dict(zip(FEATURES, map(np.float64, ROW), strict=True))],
        (np.array(ROW),),
        np.array(ROW),
        np.array(ROW, np.float32),
        np.array([ROW]),
        np.array([ROW], object),
        np.array([ROW], ">f8"),
        np.array([ROW], np.float32).T.copy().T,
        array.array("d", ROW),
        array.array("f", ROW),
        memoryview(array.array("f", ROW)),
        pd.Series(ROW),
        pd.DataFrame([ROW], columns=list(FEATURES)).to_numpy(),
    ],
    ids=lambda row: type(row).__name__,
)
def test_a_row_is_taken_in_any_form(iris: Path, row: object) -> None:
    with Model.open(iris) as model:
        found = model.predict(row)
        assert found == model.predict([ROW])
        assert found["predictions"] == ["setosa"]


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=4, max_size=4),
                min_size=1, max_size=9))  # fmt: skip
def test_arrays_are_answered_as_lists_are(iris: Path, rows: list[list[float]]) -> None:
    with Model.open(iris, verify=False) as model:
        expected = model.predict(rows)
        assert model.predict(np.array(rows, np.float32)) == expected
        assert model.predict(np.array(rows, np.float64)) == expected


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "instances has no rows"),
        ([[1, 2, 3]], "the row has 3 values, but the model takes 4"),
        ([ROW, [1, 2, 3, "x"]], "petal width must be a number, not text"),
        ({"sepal length": 1}, "sepal width is missing"),
        ([[1, 2, 3, float("nan")]], "petal width must be a finite number, not nan"),
        (np.array([[1, 2, 3, np.inf]]), "petal width must be a finite number, not inf"),
        (np.array([[1, 2, 3, np.nan]], np.float32), "must hold finite numbers"),
        (np.zeros((0, 4), np.float32), "has no rows"),
        (np.zeros((2, 2, 4)), "an array of 3 dimensions is not taken: one row has 1, several have 2"),
        (np.zeros(5), "the row has 5 values, but the model takes 4"),
        ("5.1,3.5", "rows must be a list of rows, not str"),
        (b"1234", "rows must be a list of rows, not bytes"),
        (5.1, "rows must be a list of rows (lists, or dicts by name), not float"),
        (None, "not NoneType"),
        (pd.DataFrame([ROW]), "not DataFrame"),
    ],
    ids=str,
)
def test_refuses_rows_with_a_sentence(iris: Path, rows: object, sentence: str) -> None:
    with Model.open(iris) as model:
        with pytest.raises(RequestError) as raised:
            model.predict(rows)
        assert sentence in raised.value.message
        assert model.predict(ROW)["predictions"] == ["setosa"]


def test_nan_in_an_array_is_a_missing_value_where_the_model_takes_one(mixed: Path) -> None:
    with Model.open(mixed) as model:
        rows = np.array([["Bern", np.nan, 3]], object)
        with pytest.raises(RequestError, match="finite"):
            model.predict(rows)
        rows[0, 1] = None
        assert model.predict(rows) == model.predict([{"city": "Bern", "age": None, "rooms": 3}])


def test_tensors_of_every_kind_are_answered(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).normal(size=(3, 2, 4, 4)).astype(np.float32)
    bundle = make_bundle(tmp_path / "b", *models.image(), [{"pixels": pixels}], engine="onnxruntime_c")
    with Model.open(bundle) as model:
        expected = model.predict(pixels.tolist())
        assert model.predict(pixels) == expected
        assert model.predict(pixels[0])["predictions"] == expected["predictions"][:1]
        assert model.predict(pixels[0].tolist())["predictions"] == expected["predictions"][:1]
        small = (pixels * 10).astype(np.int8)
        assert model.predict(small) == model.predict(small.tolist())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
def test_run_gives_views_that_numpy_and_lists_read(tmp_path: Path, dtype: str) -> None:
    given = np.array([[0, 1, 2], [3, 0, 5]]).astype(dtype)
    bundle = make_bundle(tmp_path / "b", *models.same(dtype), [{"x": given}], engine="onnxruntime_c")
    with Model.open(bundle) as model:
        for inputs in (given, given.tolist()):
            found = model.run({"x": inputs})["y"]
            assert isinstance(found, memoryview)
            assert found.tolist() == given.tolist()
            np.testing.assert_array_equal(np.asarray(found), given)
        assert np.asarray(found).dtype == ("float32" if dtype == "float16" else dtype)
        assert model.run({"x": given[:0]})["y"].tolist() == []


def test_texts_run_as_nested_lists(tmp_path: Path) -> None:
    texts = np.array([["a", "é", "東"]], object)
    bundle = make_bundle(tmp_path / "b", *models.same("string"), [{"x": texts}], engine="onnxruntime_c")
    with Model.open(bundle) as model:
        assert model.run({"x": texts})["y"] == texts.tolist()
        assert model.run({"x": texts.tolist()})["y"] == texts.tolist()
        assert model.run({"x": texts.astype("U")})["y"] == texts.tolist()


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ([1], "inputs must be a dict of tensors by name (X), not list"),
        ({}, "the input X is missing"),
        ({"X": ROWS, "Y": ROWS}, "the model has no input 'Y'"),
        ({"X": ROWS.astype(np.float64)}, "X takes float32, not float64"),
        ({"X": ROWS[:, :3]}, "X takes the shape [4, 4], not [4, 3]"),
        ({"X": [[1, 2, 3, 4], [1]]}, "has 1 values where the others have 4"),
        ({"X": "text"}, "a str is not an array"),
    ],
    ids=str,
)
def test_run_refuses_tensors_with_a_sentence(iris: Path, inputs: Any, sentence: str) -> None:
    with Model.open(iris) as model, pytest.raises(RequestError) as raised:
        model.run(inputs)
    assert sentence in raised.value.message


def test_after_close_there_is_a_sentence_and_the_model_opens_again(iris: Path) -> None:
    model = Model.open(iris)
    assert repr(model).startswith("<Model iris ")
    assert repr(model).endswith(" on tiny>")
    model.close()
    model.close()
    asks: list[Callable[[], object]] = [
        lambda: model.predict(ROW),
        lambda: model.run({"X": ROWS}),
        lambda: model.answer({}),
    ]
    for ask in asks:
        with pytest.raises(ModelError, match="the model iris is closed: open it again"):
            ask()
    assert repr(model).endswith(", closed>")
    with Model.open(iris) as again:
        assert again.predict(ROW)["predictions"] == ["setosa"]


def test_threads_are_one_unless_asked_for(iris: Path) -> None:
    with Model.open(iris) as one, Model.open(iris, threads=3) as three, Model.open(iris, threads=None) as own:
        found = [model.info["engine"]["threads"] for model in (one, three, own)]
    assert found == [1, 3, 1]
    for wrong in (0, -1, True, 1.5, "2"):
        with pytest.raises(ValueError, match="threads is"):
            Model.open(iris, threads=wrong)  # type: ignore[arg-type]


def test_info_says_what_the_manifest_says(iris: Path) -> None:
    with Model.open(iris) as model:
        found = model.info
    assert (found["name"], found["device"]["name"], found["engine"]["kind"]) == ("iris", "here", "tiny")
    assert found["sizes"]["model_bytes"] == (iris / "model" / "model.tiny").stat().st_size
    assert [spec["name"] for spec in found["signature"]["outputs"]] == ["label", "probabilities"]


def test_two_bundles_are_open_in_one_process(iris: Path, iris_onnx: Path, mixed: Path) -> None:
    with Model.open(iris) as first, Model.open(iris_onnx) as second, Model.open(mixed) as third:
        assert first.predict(ROW)["predictions"] == second.predict(ROW)["predictions"]
        assert third.predict(["Bern", 40.0, 2])["predictions"] in (["high"], ["low"])
        first.close()
        assert second.predict(ROW)["predictions"] == ["setosa"]


def test_threads_share_a_model(iris_onnx: Path) -> None:
    with Model.open(iris_onnx) as model:
        expected = model.predict(ROWS)
        found: list[object] = []

        def ask() -> None:
            found.extend(model.predict(ROWS) == expected for _ in range(50))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [True] * 200


class Recorder:
    """Telemetry that keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str | None]] = []
        self.served: tuple[str | None, ...] = ()
        self.refused: list[str] = []

    def serves(self, name: str, version: str, profile: str | None, root: str | None) -> None:
        self.served = (name, version, profile, root)

    def refuse(self, error_code: str) -> None:
        self.refused.append(error_code)

    def record(self, latency_ms: float, rows: int, error_code: str | None) -> None:
        assert latency_ms > 0
        self.seen.append((rows, error_code))


def test_telemetry_is_told_of_each_request(iris: Path) -> None:
    recorder = Recorder()

    def refused(ask: Callable[[], object]) -> None:
        with pytest.raises(RequestError):
            ask()

    with Model.open(iris, telemetry=recorder) as model:
        model.predict(ROWS)
        model.predict(ROW)
        model.run({"X": ROWS[:3]})
        model.answer_rows([ROW, [1], ROW])
        refused(lambda: model.predict([[1]]))
        refused(lambda: model.predict(None))
        refused(lambda: model.answer({"instances": [ROW] * 10001}))
    codes = [(4, None), (1, None), (3, None), (3, None), *[(0, "invalid_input")] * 2, (0, "too_many_rows")]
    assert recorder.seen == codes
    assert recorder.refused == ["invalid_input"]
    assert recorder.served == ("iris", model.info["version"], "here", str(iris))


def test_a_model_that_cannot_run_its_inputs_says_so(tmp_path: Path) -> None:
    tokens = np.array([[1, 2]], np.int64)
    bundle = make_bundle(tmp_path / "b", *models.embedding(), [{"tokens": tokens}], engine="onnxruntime_c")
    recorder = Recorder()
    with Model.open(bundle, telemetry=recorder) as model, pytest.raises(RequestError, match="cannot process"):
        model.predict([[7, 99]])
    assert recorder.seen == [(0, "refused_by_model")]


def test_the_engine_is_the_verified_one_whatever_the_environment_says(
    iris_onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_LIBRARY", str(tmp_path / "another.so"))
    with Model.open(iris_onnx) as model:
        assert model.predict([ROW])["predictions"]
