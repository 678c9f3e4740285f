"""The contract of engines: one network in both formats answers alike, and refuses alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from runtimes.core.errors import RequestError
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import from_buffer
from tests.artifacts import make_root
from tests.runtimes.core import models, tflite_models
from tests.runtimes.core.models import Model, Spec

Pair = Callable[[str], Model]


def linear(format: str) -> Model:
    return models.linear() if format == "onnx" else tflite_models.linear()


def image(format: str, batch: int | str = "batch") -> Model:
    """Channels last in both: the ONNX twin turns them, and has the same weights."""
    if format == "tflite":
        return tflite_models.image(batch)
    weights = np.random.default_rng(0).normal(size=(3, 3, 3, 2)).astype(np.float32).transpose(0, 3, 1, 2)
    nodes = [
        helper.make_node("Transpose", ["pixels"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["turned", "w"], ["c"]),
        helper.make_node("ReduceMean", ["c"], ["scores"], axes=[2, 3], keepdims=0),
    ]
    inputs: list[Spec] = [("pixels", "float32", [batch, 4, 4, 2])]
    outputs: list[Spec] = [("scores", "float32", [batch, 3])]
    data = models.graph(nodes, inputs, outputs, {"w": weights})
    return data, models.signature(inputs, outputs, ("prediction",))


def pairs_of_three(format: str) -> Model:
    """A fixed batch of three."""
    return image(format, 3)


def embedding(format: str) -> Model:
    if format == "tflite":
        return tflite_models.embedding()
    inputs: list[Spec] = [("tokens", "int32", ["batch", "length"])]
    outputs: list[Spec] = [("vectors", "float32", ["batch", "length", 2])]
    table = np.arange(10, dtype=np.float32).reshape(5, 2)
    nodes = [helper.make_node("Gather", ["table", "tokens"], ["vectors"], axis=0)]
    return models.graph(nodes, inputs, outputs, {"table": table}), models.signature(inputs, outputs)


@pytest.fixture(params=["onnx", "tflite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Pair], Predictor]:
    def make(pair: Pair) -> Predictor:
        root = make_root(tmp_path / "root", *pair(request.param), file=f"model.{request.param}")
        return Predictor(str(root))

    return make


Opened = Callable[[Pair], Predictor]


def pixels(count: int) -> Any:
    return np.random.default_rng(count).random((count, 4, 4, 2), dtype=np.float32)


def expected_scores(images: Any) -> Any:
    """The network, written out: sums over windows of three by three, then the mean of the four."""
    weights = np.random.default_rng(0).normal(size=(3, 3, 3, 2)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(1, 2))
    return np.einsum("bhwcij,oijc->bo", windows, weights) / 4


def test_named_features_are_answered(opened: Opened) -> None:
    with opened(linear) as predictor:
        answer = predictor.predict({"instances": [{"a": 1, "b": 2}, [0, -1]]})
        assert answer["predictions"] == [9, -2]
        assert predictor.predict({"features": {"b": 1, "a": 1}})["predictions"] == [6]
        assert predictor.info()["engine"]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_any_number_of_rows_is_answered(opened: Opened, count: int) -> None:
    with opened(image) as predictor:
        answer = predictor.predict({"instances": pixels(count).tolist()})
    found = np.array(answer["predictions"])
    np.testing.assert_allclose(found, expected_scores(pixels(count)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("count", [1, 3, 4, 8])
def test_a_fixed_batch_is_run_in_pieces(opened: Opened, count: int) -> None:
    with opened(pairs_of_three) as predictor:
        answer = predictor.predict({"instances": pixels(count).tolist()})
    found = np.array(answer["predictions"])
    np.testing.assert_allclose(found, expected_scores(pixels(count)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bad", [0, 1, 3])
def test_a_bad_row_among_those_of_a_fixed_batch_fails_alone(opened: Opened, bad: int) -> None:
    rows = [*pixels(3).tolist()]
    rows.insert(bad, [["dark"]])
    with opened(pairs_of_three) as predictor:
        results = predictor.predict_rows(rows)["results"]
    assert isinstance(results, list)
    refused = results.pop(bad)
    assert (refused["error"]["code"], refused["error"]["index"]) == ("invalid_input", bad)
    found = np.array([result["prediction"] for result in results])
    np.testing.assert_allclose(found, expected_scores(pixels(3)), rtol=1e-4, atol=1e-5)


def test_whole_tensors_are_answered_by_name(opened: Opened) -> None:
    with opened(embedding) as predictor:
        answer = predictor.predict({"inputs": {"tokens": [[0, 4, 1]]}})
        assert answer["outputs"] == {"vectors": [[[0, 1], [8, 9], [2, 3]]]}
        longer = predictor.run({"tokens": from_buffer(np.full((2, 9), 3, np.int32))})["vectors"]
        assert longer.shape == (2, 9, 2)


def test_one_bad_row_fails_alone(opened: Opened) -> None:
    with opened(embedding) as predictor:
        rows = [{"tokens": [1, 2]}, {"tokens": [1, 77]}, {"tokens": [0, 0]}]
        answer = predictor.predict_batch({"instances": rows})
    assert (answer["succeeded"], answer["failed"]) == (2, 1)
    results = answer["results"]
    assert isinstance(results, list)
    assert results[1]["error"]["code"] == "refused_by_model"
    assert results[2]["outputs"] == {"vectors": [[0, 1], [0, 1]]}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"inputs": {"tokens": [[1, 9]]}}, "refused_by_model"),
        ({"inputs": {"tokens": [[1.5, 2]]}}, "invalid_input"),
        ({"inputs": {"tokens": [1, 2]}}, "invalid_input"),
        ({"inputs": {"words": [[1, 2]]}}, "invalid_input"),
        ({"inputs": {"tokens": [[1, 2**40]]}}, "invalid_input"),
    ],
)
def test_wrong_requests_are_refused_and_do_no_harm(opened: Opened, document: Any, code: str) -> None:
    with opened(embedding) as predictor:
        for _ in range(2):
            with pytest.raises(RequestError) as refused:
                predictor.predict(document)
            assert (refused.value.code, refused.value.status) == (code, 422)
        assert predictor.predict({"inputs": {"tokens": [[1]]}})["outputs"] == {"vectors": [[[2, 3]]]}
