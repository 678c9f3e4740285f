"""The predictor answers each form of a request as the engine does, in the words of the signature."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import helper

from runtimes.core.errors import ModelError, RequestError
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import Tensor, from_buffer
from tests.artifacts import Document, make_root
from tests.runtimes.core import models
from tests.runtimes.core.conftest import Opener

ROWS = [[0.0, 1.0], [3.0, 1.0], [-2.5, 0.25]]
PIXELS = np.random.default_rng(0).random((3, 2, 4, 4), dtype=np.float32)


def scores_of(pixels: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(models.image()[0], providers=["CPUExecutionProvider"])
    answer = session.run(None, {"pixels": pixels})[0]
    assert isinstance(answer, np.ndarray)
    return answer


def without_model(answer: Document) -> Document:
    return {key: value for key, value in answer.items() if key != "model"}


def test_one_row_is_answered(serve: Opener) -> None:
    answer = serve(models.linear()).predict({"features": [2, 3.5]})
    assert without_model(answer) == {"predictions": [15.5]}
    assert answer["model"] == {"name": "probe", "version": serve(models.linear()).manifest.version}


def test_rows_may_be_lists_or_objects_in_any_order_of_names(serve: Opener) -> None:
    rows = [[1, 2], {"a": 1, "b": 2}, {"b": 2, "a": 1}]
    assert without_model(serve(models.linear()).predict({"instances": rows})) == {"predictions": [9.0] * 3}


def test_one_row_may_be_an_object(serve: Opener) -> None:
    assert serve(models.linear()).predict({"features": {"b": 1, "a": 0}})["predictions"] == [4.0]


@pytest.mark.parametrize(
    ("labels", "entries", "predictions"),
    [
        ([0, 1], {}, [1, 0, 1]),
        ([False, True], {}, [True, False, True]),
        ([0.0, 1.0], {}, [1.0, 0.0, 1.0]),
        (["no", "yes"], {"label_is_index": True}, ["yes", "no", "yes"]),
        ([2.5, -1.5], {"label_is_index": True}, [-1.5, 2.5, -1.5]),
        ([True, False], {"label_is_index": True}, [False, True, False]),
    ],
)
def test_labels_are_the_classes_as_the_user_knows_them(
    serve: Opener, labels: list[Any], entries: Document, predictions: list[Any]
) -> None:
    answer = serve(models.classifier(labels, **entries)).predict({"instances": ROWS})
    assert answer["predictions"] == predictions
    assert [type(value) for value in predictions] == [type(value) for value in answer["predictions"]]
    scores = np.exp(np.array(ROWS, np.float32))
    np.testing.assert_allclose(answer["probabilities"], scores / scores.sum(1, keepdims=True), rtol=1e-6)


def test_an_index_beyond_the_classes_is_the_models_failure(serve: Opener) -> None:
    predictor = serve(models.classifier(["only"], label_is_index=True))
    with pytest.raises(ModelError, match="gave the class 1; it has 1 classes"):
        predictor.predict({"features": [0, 1]})


def test_a_pipeline_over_mixed_columns_takes_text_null_and_unseen_categories(serve: Opener) -> None:
    model, _ = models.mixed()
    rows = [["Köln", 30.5, 1], {"rooms": 5, "city": "東京", "age": None}, ["nowhere", 80, 3.0]]
    answer = serve(models.mixed()).predict({"instances": rows})
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    label, scores = session.run(
        None,
        {
            "city": np.array([["Köln"], ["東京"], ["nowhere"]], dtype=object),
            "age": np.array([[30.5], [np.nan], [80]], np.float32),
            "rooms": np.array([[1], [5], [3]], np.int64),
        },
    )
    assert answer["predictions"] == list(np.asarray(label))
    assert answer["probabilities"] == np.asarray(scores).tolist()


def test_rows_of_a_model_without_columns_are_nested_lists(serve: Opener) -> None:
    predictor = serve(models.image())
    expected = scores_of(PIXELS).tolist()
    assert predictor.predict({"instances": PIXELS.tolist()})["predictions"] == expected
    assert (
        predictor.predict({"features": PIXELS[1].tolist()})["predictions"] == scores_of(PIXELS[1:2]).tolist()
    )
    named = [{"pixels": row} for row in PIXELS.tolist()]
    assert predictor.predict({"instances": named})["predictions"] == expected


@pytest.mark.parametrize("batch", [1, 2])
def test_a_model_of_a_fixed_batch_takes_any_number_of_rows(serve: Opener, batch: int) -> None:
    predictor = serve(models.image(batch))
    answer = predictor.predict({"instances": PIXELS.tolist()})
    np.testing.assert_allclose(answer["predictions"], scores_of(PIXELS), rtol=1e-5)
    wrong = PIXELS.tolist()
    wrong[2][1][3][0] = "dark"
    with pytest.raises(RequestError, match="must be a number, not text") as raised:
        predictor.predict({"instances": wrong})
    assert (raised.value.field, raised.value.index) == ("instances[2][1][3][0]", 2)


def test_rows_of_several_inputs_are_objects_by_name(serve: Opener) -> None:
    rows = [
        {"flag": [True, False], "a": [1, 2], "b": [3, 4]},
        {"b": [7, 8], "a": [5, 6], "flag": [False, False]},
    ]
    answer = serve(models.switch()).predict({"instances": rows})
    assert without_model(answer) == {"outputs": {"chosen": [[1.0, 4.0], [7.0, 8.0]], "count": [1, 0]}}


def test_whole_tensors_come_nested_as_base64_or_flat(serve: Opener) -> None:
    predictor = serve(models.image())
    expected = scores_of(PIXELS).tolist()
    encoded = base64.b64encode(PIXELS.tobytes()).decode()
    flat = PIXELS.ravel().tolist()
    shape = list(PIXELS.shape)
    for tensor in (
        PIXELS.tolist(),
        {"b64": encoded, "dtype": "float32", "shape": shape},
        {"data": flat, "shape": shape},
        {"data": flat, "shape": shape, "dtype": "float32"},
        {"data": PIXELS.tolist()},
    ):
        assert predictor.predict({"inputs": {"pixels": tensor}})["predictions"] == expected


def test_arrays_and_tensors_are_taken_from_python_as_they_are(serve: Opener) -> None:
    predictor = serve(models.image())
    expected = scores_of(PIXELS).tolist()
    for given in (PIXELS, from_buffer(PIXELS), memoryview(PIXELS.data)):
        assert predictor.predict({"inputs": {"pixels": given}})["predictions"] == expected
        assert predictor.run({"pixels": given})["scores"].to_bytes() == scores_of(PIXELS).tobytes()
    with pytest.raises(RequestError, match="pixels takes float32, not float64"):
        predictor.predict({"inputs": {"pixels": PIXELS.astype(float)}})


def test_strings_come_as_whole_tensors_too(serve: Opener) -> None:
    predictor = serve(models.same("string"))
    document = {"dtype": "string", "shape": [1, 3], "data": ["a", "ö", ""]}
    answer = predictor.predict({"inputs": {"x": document}})
    assert without_model(answer) == {"outputs": {"y": [["a", "ö", ""]]}}


def test_a_free_dimension_may_change_from_request_to_request(serve: Opener) -> None:
    predictor = serve(models.embedding())
    for tokens in ([[0, 1, 2]], [[4]], [[1, 2], [3, 4]], [[0, 1, 2]]):
        answer = predictor.predict({"inputs": {"tokens": tokens}})
        expected = np.arange(10, dtype=np.float32).reshape(5, 2)[tokens]
        assert without_model(answer) == {"outputs": {"vectors": expected.tolist()}}


def test_values_that_json_cannot_say_are_null_in_answers(serve: Opener) -> None:
    model = models.made(
        [helper.make_node("Log", ["x"], ["y"])], [("x", "float32", ["batch"])], [("y", "float32", ["batch"])]
    )
    answer = serve(model).predict({"inputs": {"x": [1, 0, -1]}})
    assert without_model(answer) == {"outputs": {"y": [0.0, None, None]}}


def test_each_row_of_a_batch_has_its_own_answer_or_error(serve: Opener) -> None:
    predictor = serve(models.classifier(["no", "yes"], label_is_index=True))
    document = {"instances": [[0, 1], [0, "x"], {"no": 1, "yes": 0}, [1], None, {"no": 1}]}
    answer = predictor.predict_batch(document)
    results = answer["results"]
    assert (answer["succeeded"], answer["failed"]) == (2, 4)
    assert [result.get("prediction") for result in results] == ["yes", None, "no", None, None, None]
    assert results[0]["probabilities"] == predictor.predict({"features": [0, 1]})["probabilities"][0]
    assert [result["error"]["field"] for result in results if "error" in result] == [
        "instances[1].yes",
        "instances[3]",
        "instances[4]",
        "instances[5].yes",
    ]
    assert [result["error"]["index"] for result in results if "error" in result] == [1, 3, 4, 5]


def test_a_row_that_the_model_refuses_does_not_take_the_others_with_it(serve: Opener) -> None:
    rows = [[0, 1], [2, 3], [4, 99], [1], [1, 1], [98]]
    answer = serve(models.embedding()).predict_rows(rows)
    table = np.arange(10, dtype=np.float32).reshape(5, 2)
    for index, row in enumerate(rows):
        result = answer["results"][index]
        if max(row) < 5:
            assert result == {"outputs": {"vectors": table[row].tolist()}}
        else:
            assert (result["error"]["code"], result["error"]["index"]) == ("refused_by_model", index)
            assert result["error"]["field"] == f"instances[{index}]"
    assert (answer["succeeded"], answer["failed"]) == (4, 2)


def test_a_batch_of_good_rows_equals_the_rows_one_by_one(serve: Opener) -> None:
    predictor = serve(models.mixed())
    rows = [["Köln", 30.5, 1], ["Bern", None, 4], ["東京", 61.25, 2]]
    results = predictor.predict_rows(rows)["results"]
    for row, result in zip(rows, results, strict=True):
        alone = predictor.predict({"features": row})
        assert [result["prediction"]] == alone["predictions"]
        assert [result["probabilities"]] == alone["probabilities"]


def test_run_gives_the_tensors_of_the_model_undecoded(serve: Opener) -> None:
    predictor = serve(models.classifier(["no", "yes"], label_is_index=True))
    answers = predictor.run({"X": from_buffer(np.array(ROWS, np.float32))})
    assert list(answers) == ["label", "p"]
    assert (answers["label"].dtype, answers["label"].shape) == ("int64", (3,))
    assert answers["label"].to_bytes() == np.array([1, 0, 1], np.int64).tobytes()


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({}, "the input X is missing"),
        ({"X": Tensor("float32", (1, 2), bytes(8)), "Y": None}, "the model has no input 'Y'; it takes X"),
        ({"X": Tensor("float64", (1, 2), bytes(16))}, "X takes float32, not float64"),
        ({"X": Tensor("float32", (1, 3), bytes(12))}, r"takes the shape \[1, 2\], not \[1, 3\]"),
        ({"X": Tensor("float32", (2,), bytes(8))}, r"takes the shape \[batch, 2\], not \[2\]"),
        ({"X": Tensor("float32", (1, 2), bytes(7))}, "does not fit its data"),
        ({"X": [[1, 2]]}, "a list is not an array"),
    ],
)
def test_run_refuses_tensors_that_do_not_fit(serve: Opener, inputs: Document, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        serve(models.linear()).run(inputs)


def test_run_takes_nan_since_the_builder_may_compare_it(serve: Opener) -> None:
    answer = serve(models.linear()).run({"X": from_buffer(np.array([[np.nan, 1]], np.float32))})
    assert np.isnan(np.frombuffer(answer["y"].to_bytes(), np.float32)).all()


def test_a_manifest_that_does_not_fit_its_model_is_refused_at_open(tmp_path: Path) -> None:
    model, _ = models.same("float32")
    inputs: list[models.Spec] = [("x", "float64", ["batch", 4]), ("z", "float32", [1])]
    outputs: list[models.Spec] = [("nothing", "float32", ["batch"])]
    root = make_root(tmp_path / "root", model, models.signature(inputs, outputs))
    with pytest.raises(ModelError) as raised:
        Predictor(str(root))
    for sentence in (
        "the input x is float32, not float64",
        "the model has no input z (it has: x)",
        "the model has no output nothing (it has: y)",
        "the input x has the shape ['batch', 3], not ['batch', 4]",
    ):
        assert sentence in raised.value.message


def test_info_says_what_is_served(serve: Opener) -> None:
    info = serve(models.linear()).info()
    assert info["name"] == "probe"
    assert info["limits"] == {"max_body_bytes": 6291456, "max_rows": 10000}
    assert info["source"]["framework"] == "onnx"
    assert info["signature"]["features"][1]["name"] == "b"


def test_a_predictor_closes(tmp_path: Path) -> None:
    with Predictor(str(make_root(tmp_path / "root", *models.linear()))) as predictor:
        assert predictor.predict({"features": [0, 0]})["predictions"] == [1.0]
    with pytest.raises(ModelError, match="closed"):
        predictor.predict({"features": [0, 0]})
