"""What does not fit is refused as the request's fault, and the place is named."""

import base64
from typing import Any

import numpy as np
import pytest

from runtimes.core.errors import RequestError
from tests.runtimes.core import models
from tests.runtimes.core.conftest import Opener

X = {"dtype": "float32", "shape": [1, 2]}
NAN = base64.b64encode(np.array([1, np.nan], np.float32).tobytes()).decode()

LINEAR: list[Any] = [
    (7, None, "must be an object with features or instances or inputs"),
    (None, None, "must be an object"),
    ([], None, "must be an object"),
    ({}, None, "must have features or instances or inputs; it has nothing"),
    ({"rows": []}, "rows", "a request has no 'rows'"),
    ({"features": [1, 2], "x": 1}, "x", "a request has no 'x'"),
    ({"features": [1, 2], "instances": [[1, 2]]}, None, "it has features and instances"),
    ({"features": None}, "features", "each row must be a list or an object of a, b"),
    ({"features": 1}, "features", "each row must be a list or an object of a, b"),
    ({"features": [1]}, "features", "the row has 1 values, but the model takes 2: a, b"),
    ({"features": [1, 2, 3]}, "features", "the row has 3 values"),
    ({"features": [1, "2"]}, "features.b", "b must be a number, not text"),
    ({"features": [True, 2]}, "features.a", "a must be a number, not true"),
    ({"features": [1, None]}, "features.b", "b must be a number, not null"),
    ({"features": [1, [2]]}, "features.b", "b must be a number, not a list"),
    ({"features": [1, float("nan")]}, "features.b", "b must be a finite number"),
    ({"features": [1, float("inf")]}, "features.b", "b must be a finite number"),
    ({"features": [1, 1e39]}, "features.b", "b is too large for float32"),
    ({"features": [1, 10**400]}, "features.b", "b is too large for float32"),
    ({"features": {"a": 1}}, "features.b", "b is missing"),
    ({"features": {"a": 1, "b": 2, "c": 3}}, "features.c", "there is no 'c'; the model takes a, b"),
    ({"instances": None}, "instances", "must be a list of rows"),
    ({"instances": {}}, "instances", "must be a list of rows"),
    ({"instances": []}, "instances", "has no rows"),
    ({"instances": [[1, 2], 3]}, "instances[1]", "each row must be"),
    ({"instances": [[1, 2], [1]]}, "instances[1]", "the row has 1 values"),
    ({"instances": [[1, 2], {"a": 1, "b": None}]}, "instances[1].b", "not null"),
    ({"instances": [[1, 2]] * 10001}, "instances", "has 10001 rows; at most 10000"),
    ({"inputs": None}, "inputs", "must be an object of tensors"),
    ({"inputs": {}}, "inputs.X", "the input X is missing"),
    ({"inputs": {"X": [[1, 2]], "Y": 1}}, "inputs.Y", "no input 'Y'"),
    ({"inputs": {"X": []}}, "inputs", "has no rows"),
    ({"inputs": {"X": 1}}, "inputs.X", "must be a list, not 1"),
    ({"inputs": {"X": [1, 2]}}, "inputs.X[0]", "must be a list, not 1"),
    ({"inputs": {"X": [[1, 2], [1]]}}, "inputs.X[1]", "has 1 values where the others have 2"),
    ({"inputs": {"X": [[1, 2, 3]]}}, "inputs.X", r"takes the shape \[1, 2\], not \[1, 3\]"),
    ({"inputs": {"X": [[1, 2], [3, "x"]]}}, "inputs.X[1][1]", "must be a number, not text"),
    ({"inputs": {"X": {}}}, "inputs.X", "needs b64 or data"),
    ({"inputs": {"X": {"b64": "", "data": []}}}, "inputs.X", "not both"),
    ({"inputs": {"X": {**X, "b64": "AAAA"}}}, "inputs.X.b64", "takes 8 bytes, but b64 holds 3"),
    ({"inputs": {"X": {**X, "b64": "%%%%"}}}, "inputs.X.b64", "not base64"),
    ({"inputs": {"X": {**X, "b64": NAN}}}, "inputs.X", "must hold finite numbers, but its element 1"),
    ({"inputs": {"X": {**X, "dtype": "float8", "b64": ""}}}, "inputs.X.dtype", "dtype must be one of"),
    (
        {"inputs": {"X": {"dtype": "float64", "shape": [1, 1], "b64": "A" * 11 + "="}}},
        "inputs.X",
        "not float64",
    ),
    ({"inputs": {"X": {"dtype": "int32", "shape": [1, 2], "b64": "/v///wEAAAE="}}}, "inputs.X", "element 1"),
    ({"inputs": {"X": {**X, "data": [1]}}}, "inputs.X.data", "takes 2 values, but there are 1"),
    ({"inputs": {"X": {"dtype": "int8", "data": [[1, 2]]}}}, "inputs.X.dtype", "X takes float32"),
    ({"inputs": {"X": {**X, "data": [1, 2], "order": "F"}}}, "inputs.X.order", "a tensor has no 'order'"),
    ({"inputs": {"X": {**X, "shape": [2**39, 0], "data": []}}}, "inputs.X", "takes the shape"),
    ({"inputs": {"X": {"data": [[1] * 2] * 10001}}}, "inputs", "has 10001 rows"),
]


@pytest.mark.parametrize(("document", "field", "sentence"), LINEAR)
def test_a_wrong_request_names_its_field(serve: Opener, document: object, field: str, sentence: str) -> None:
    predictor = serve(models.linear())
    with pytest.raises(RequestError, match=sentence) as raised:
        predictor.predict(document)
    assert raised.value.field == field
    assert raised.value.status in (413, 422)
    assert predictor.predict({"features": [2, 3.5]})["predictions"] == [15.5]


MIXED = [
    (["Bern", None, 3], None, None),
    ([3, 1.0, 3], "features.city", "city must be text, not 3"),
    ([None, 1.0, 3], "features.city", "city must be text, not null"),
    (["Bern", "old", 3], "features.age", "age must be a number, not text"),
    (["Bern", 1.0, None], "features.rooms", "rooms must be a whole number, not null"),
    (["Bern", 1.0, 2.5], "features.rooms", "rooms must be a whole number, not 2.5"),
    (["Bern", 1.0, 2**63], "features.rooms", "rooms is too large for int64"),
    (["\ud800", 1.0, 2], "features.city", "city must be text that UTF-8 can hold"),
]


@pytest.mark.parametrize(("row", "field", "sentence"), MIXED)
def test_a_column_takes_only_its_kind(
    serve: Opener, row: list[Any], field: str | None, sentence: str
) -> None:
    predictor = serve(models.mixed())
    if field is None:
        assert predictor.predict({"features": row})["predictions"][0] in ("high", "low")
        return
    with pytest.raises(RequestError, match=sentence) as raised:
        predictor.predict({"features": row})
    assert raised.value.field == field


def test_columns_of_one_input_may_differ_in_kind(serve: Opener) -> None:
    model, signature = models.linear()
    first, second = models.columns(["a", "b"])
    features = [{**first, "kind": "boolean"}, {**second, "nullable": True}]
    predictor = serve((model, {**signature, "features": features}))
    answer = predictor.predict({"instances": [[True, 2], [False, None], {"b": 1, "a": True}]})
    assert answer["predictions"] == [9.0, None, 6.0]
    for row, field in (([1, 2], "features.a"), ([True, "x"], "features.b"), ([None, 2], "features.a")):
        with pytest.raises(RequestError) as raised:
            predictor.predict({"features": row})
        assert raised.value.field == field


def test_a_missing_value_in_a_whole_tensor_is_taken_only_in_its_column(serve: Opener) -> None:
    model, signature = models.linear()
    first, second = models.columns(["a", "b"])
    predictor = serve((model, {**signature, "features": [first, {**second, "nullable": True}]}))
    assert predictor.predict({"inputs": {"X": [[1, None]]}})["predictions"] == [None]
    assert predictor.predict({"inputs": {"X": {**X, "b64": NAN}}})["predictions"] == [None]
    with pytest.raises(RequestError, match="finite numbers, but its element 2"):
        predictor.predict({"inputs": {"X": [[1, None], [None, 1]]}})


def test_nested_rows_name_the_place_within_them(serve: Opener) -> None:
    predictor = serve(models.image())
    rows = np.zeros((3, 2, 4, 4)).tolist()
    rows[1][0][3][2] = None
    with pytest.raises(
        RequestError, match=r"^instances\[1\]\[0\]\[3\]\[2\] must be a number, not null$"
    ) as raised:
        predictor.predict({"instances": rows})
    assert (raised.value.field, raised.value.index) == ("instances[1][0][3][2]", 1)
    rows[1][0][3] = [1, 2, 3]
    with pytest.raises(RequestError, match="has 3 values where the others have 4") as raised:
        predictor.predict({"instances": rows})
    assert raised.value.field == "instances[1][0][3]"


def test_rows_of_the_wrong_shape_are_refused(serve: Opener) -> None:
    with pytest.raises(RequestError, match=r"takes the shape \[2, 2, 4, 4\], not \[2, 2, 4, 5\]"):
        serve(models.image()).predict({"instances": np.zeros((2, 2, 4, 5)).tolist()})


def test_rows_of_different_lengths_are_refused_together(serve: Opener) -> None:
    with pytest.raises(RequestError, match="has 1 values where the others have 2") as raised:
        serve(models.embedding()).predict({"instances": [[1, 2], [3]]})
    assert (raised.value.field, raised.value.index) == ("instances[1]", 1)


def test_inputs_must_agree_on_the_number_of_rows(serve: Opener) -> None:
    flag, two, one = [[True, False]] * 2, [[1, 2]] * 2, [[1, 2]]
    with pytest.raises(RequestError, match=r"b takes the shape \[2, 2\], not \[1, 2\]") as raised:
        serve(models.switch()).predict({"inputs": {"flag": flag, "a": two, "b": one}})
    assert raised.value.field == "inputs.b"


def test_rows_of_several_inputs_must_be_objects(serve: Opener) -> None:
    with pytest.raises(RequestError, match="each row must be an object of flag, a, b") as raised:
        serve(models.switch()).predict({"instances": [[[True, False], [1, 2], [3, 4]]]})
    assert raised.value.field == "instances[0]"


def test_a_value_that_the_model_refuses_is_the_requests_fault(serve: Opener) -> None:
    predictor = serve(models.embedding())
    for _ in range(3):
        with pytest.raises(
            RequestError, match=r"cannot process this input: ONNX Runtime: .*out of data bounds"
        ):
            predictor.predict({"inputs": {"tokens": [[1, 5]]}})
    assert predictor.predict({"inputs": {"tokens": [[1]]}})["outputs"] == {"vectors": [[[2.0, 3.0]]]}


def test_a_model_without_rows_takes_inputs_only(serve: Opener) -> None:
    from onnx import helper

    model = models.made(
        [helper.make_node("Mul", ["x", "k"], ["y"])],
        [("x", "float32", [3]), ("k", "float32", [])],
        [("y", "float32", [3])],
    )
    predictor = serve(model)
    assert predictor.predict({"inputs": {"x": [1, 2, 3], "k": 2}})["outputs"] == {"y": [2.0, 4.0, 6.0]}
    for request in ({"features": [1, 2, 3]}, {"instances": [[1, 2, 3]]}):
        with pytest.raises(RequestError, match="does not take rows") as raised:
            predictor.predict(request)
        assert raised.value.code == "no_rows"


def test_a_long_list_of_columns_is_not_repeated_whole(serve: Opener) -> None:
    inputs: list[models.Spec] = [("x", "float32", ["batch", 300])]
    outputs: list[models.Spec] = [("y", "float32", ["batch", 300])]
    from onnx import helper

    model = models.graph([helper.make_node("Identity", ["x"], ["y"])], inputs, outputs)
    features = models.columns([f"f{at}" for at in range(300)], into="x")
    predictor = serve((model, models.signature(inputs, outputs, features=features)))
    with pytest.raises(RequestError, match=r"f19 and 280 more$"):
        predictor.predict({"features": [1]})


@pytest.mark.parametrize(("length", "wanted"), [(1, "at least 2"), (2, None), (4, None), (5, "at most 4")])
def test_sizes_beyond_what_the_model_was_made_for_are_refused(
    serve: Opener, length: int, wanted: str | None
) -> None:
    model, signature = models.embedding()
    limited = [{**signature["inputs"][0], "limits": {"length": [2, 4]}}]
    predictor = serve((model, {**signature, "inputs": limited}))
    for request in ({"inputs": {"tokens": [[1] * length]}}, {"instances": [[1] * length]}):
        if wanted is None:
            predictor.predict(request)
            continue
        with pytest.raises(RequestError, match=f"tokens has length {length}, and the model takes {wanted}"):
            predictor.predict(request)
