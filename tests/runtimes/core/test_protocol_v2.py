"""Requests and answers of the Open Inference Protocol, version 2."""

from typing import Any

import numpy as np
import pytest

from runtimes.core.errors import RequestError
from runtimes.core.protocol_v2 import DATATYPES
from runtimes.core.tensors import DTYPES
from tests.runtimes.core import models
from tests.runtimes.core.conftest import Opener

GOOD = {"name": "X", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}


def test_every_dtype_has_a_datatype() -> None:
    assert set(DATATYPES) == set(DTYPES)


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_every_datatype_goes_in_and_out_unchanged(serve: Opener, dtype: str) -> None:
    odd: dict[str, list[Any]] = {"bool": [True, False, True], "string": ["a", "", "ö"]}
    values = odd.get(dtype, [0, 1, 100])
    tensor = {"name": "x", "shape": [1, 3], "datatype": DATATYPES[dtype], "data": values}
    answer = serve(models.same(dtype)).infer_v2({"inputs": [tensor], "id": "seven"})
    assert answer["outputs"] == [{**tensor, "name": "y"}]
    assert answer["id"] == "seven"


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]]])
def test_data_may_be_flat_or_nested(serve: Opener, data: list[Any]) -> None:
    answer = serve(models.linear()).infer_v2({"inputs": [{**GOOD, "data": data}], "parameters": {"a": 1}})
    assert answer["outputs"][0]["data"] == [9.0, 19.0]


def test_inputs_come_in_any_order_and_outputs_as_asked_for(serve: Opener) -> None:
    inputs = [
        {"name": "b", "shape": [1, 2], "datatype": "FP64", "data": [3, 4]},
        {"name": "flag", "shape": [1, 2], "datatype": "BOOL", "data": [True, False]},
        {"name": "a", "shape": [1, 2], "datatype": "FP64", "data": [1, 2], "parameters": {}},
    ]
    predictor = serve(models.switch())
    answer = predictor.infer_v2({"inputs": inputs, "outputs": [{"name": "count"}, {"name": "chosen"}]})
    assert [(output["name"], output["data"]) for output in answer["outputs"]] == [
        ("count", [1]),
        ("chosen", [1.0, 4.0]),
    ]
    assert len(predictor.infer_v2({"inputs": inputs, "outputs": [{"name": "count"}]})["outputs"]) == 1


def test_values_that_json_cannot_say_are_null(serve: Opener) -> None:
    model, signature = models.linear()
    features = models.columns(["a", "b"], nullable=True)
    predictor = serve((model, {**signature, "features": features}))
    answer = predictor.infer_v2({"inputs": [{**GOOD, "data": [1, None, 3, 4]}]})
    assert answer["outputs"][0]["data"] == [None, 19.0]


def test_the_metadata_describes_the_model(serve: Opener) -> None:
    predictor = serve(models.embedding())
    assert predictor.model_metadata_v2() == {
        "name": "probe",
        "versions": [predictor.manifest.version],
        "platform": "onnx_onnxruntime_c",
        "inputs": [{"name": "tokens", "datatype": "INT64", "shape": [-1, -1]}],
        "outputs": [{"name": "vectors", "datatype": "FP32", "shape": [-1, -1, 2]}],
    }


@pytest.mark.parametrize(
    ("document", "field", "sentence"),
    [
        (None, None, "must be an object with inputs"),
        ({"inputs": [GOOD], "x": 1}, "x", "has no 'x'"),
        ({"inputs": [GOOD], "id": 7}, "id", "id must be text"),
        ({}, "inputs", "must be a list of tensors"),
        ({"inputs": {}}, "inputs", "must be a list of tensors"),
        ({"inputs": []}, "inputs", "the input X is missing"),
        ({"inputs": [7]}, "inputs[0].name", "whose name is one of X"),
        ({"inputs": [GOOD, {"name": "Z"}]}, "inputs[1].name", "whose name is one of X"),
        ({"inputs": [{"name": ["X"]}]}, "inputs[0].name", "whose name is one of X"),
        ({"inputs": [GOOD, GOOD]}, "inputs[1].name", "given twice"),
        ({"inputs": [{**GOOD, "datatype": "FP64"}]}, "inputs[0].datatype", "takes the datatype FP32"),
        ({"inputs": [{**GOOD, "shape": None}]}, "inputs[0].shape", "shape must be a list"),
        ({"inputs": [{**GOOD, "shape": [2, 3]}]}, "inputs[0].data", "takes 6 values, but there are 4"),
        ({"inputs": [{**GOOD, "shape": [4, 1]}]}, "inputs.X", r"takes the shape \[4, 2\], not \[4, 1\]"),
        ({"inputs": [{**GOOD, "shape": [0, 2], "data": []}]}, "inputs", "has no rows"),
        ({"inputs": [{**GOOD, "data": "1234"}]}, "inputs[0].data", "must be a list of values"),
        ({"inputs": [{**GOOD, "data": [1, 2, "x", 4]}]}, "inputs[0].data[2]", "must be a number"),
        ({"inputs": [{**GOOD, "data": [1, 2, None, 4]}]}, "inputs[0].data[2]", "not null"),
        ({"inputs": [{**GOOD, "data": [[1, 2], [3]]}]}, "inputs[0].data[1]", "has 1 values"),
        ({"inputs": [{**GOOD, "shape": [10001, 2], "data": [1] * 20002}]}, "inputs", "has 10001 rows"),
        ({"inputs": [GOOD], "outputs": {}}, "outputs", "must be a list of names"),
        ({"inputs": [GOOD], "outputs": [{"name": "z"}]}, "outputs[0].name", "one of y"),
        ({"inputs": [GOOD], "outputs": ["y"]}, "outputs[0].name", "one of y"),
        ({"inputs": [GOOD], "outputs": [{"name": {}}]}, "outputs[0].name", "one of y"),
    ],
)
def test_a_wrong_request_names_its_field(serve: Opener, document: object, field: str, sentence: str) -> None:
    predictor = serve(models.linear())
    with pytest.raises(RequestError, match=sentence) as raised:
        predictor.infer_v2(document)
    assert raised.value.field == field
    assert np.allclose(predictor.infer_v2({"inputs": [GOOD]})["outputs"][0]["data"], [9, 19])
