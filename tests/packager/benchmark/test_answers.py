"""A function's answer, held to the source model's."""

import json
from typing import Any

import numpy as np
import pytest

from packager.benchmark import answers
from packager.benchmark.answers import Golden
from packager.errors import BenchmarkError
from packager.model import Signature, TensorSpec
from packager.results import Tolerance

BATCH = ("batch",)


def classifier(**changes: Any) -> Golden:
    """A classifier of three flowers that found the second one."""
    signature = Signature(
        inputs=(TensorSpec("X", "float32", ("batch", 2)),),
        outputs=(
            TensorSpec("label", "int64", BATCH, "label"),
            TensorSpec("probabilities", "float32", ("batch", 3), "probabilities"),
        ),
        class_labels=("setosa", "versicolor", "virginica"),
        label_is_index=True,
    )
    outputs = {"label": np.array([1]), "probabilities": np.array([[0.25, 0.75, 0.0]], np.float32)}
    return Golden(
        **{
            "signature": signature,
            "inputs": {"X": np.zeros((1, 2), np.float32)},
            "outputs": outputs,
            "tolerance": {"probabilities": Tolerance(1e-5, 1e-4)},
            **changes,
        }
    )


def http(document: object, status: int = 200) -> bytes:
    return json.dumps({"statusCode": status, "body": json.dumps(document)}).encode()


RIGHT = {"predictions": ["versicolor"], "probabilities": [[0.25, 0.75, 0.0]]}


def test_takes_the_right_answer_within_http_and_alone() -> None:
    answers.check(http(RIGHT), classifier())
    answers.check(json.dumps(RIGHT).encode(), classifier())


def test_takes_a_difference_within_the_tolerance_of_the_build() -> None:
    answers.check(http({**RIGHT, "probabilities": [[0.250009, 0.75, 0.0]]}), classifier())


def test_takes_the_graphs_own_outputs_by_name() -> None:
    outputs = {"label": [1], "probabilities": [[0.25, 0.75, 0.0]]}
    answers.check(http({"outputs": outputs}), classifier())


@pytest.mark.parametrize(
    "wrong",
    [
        {**RIGHT, "predictions": ["setosa"]},
        {**RIGHT, "predictions": []},
        {**RIGHT, "predictions": ["versicolor", "versicolor"]},
        {**RIGHT, "probabilities": [[0.26, 0.74, 0.0]]},
        {**RIGHT, "probabilities": [[None, 0.75, 0.0]]},
        {**RIGHT, "probabilities": [[True, 0.75, 0.0]]},
        {"outputs": {"label": [2]}},
    ],
)
def test_refuses_another_answer(wrong: dict[str, Any]) -> None:
    with pytest.raises(BenchmarkError, match="and the source model"):
        answers.check(http(wrong), classifier())


def test_refuses_an_answer_with_none_of_the_outputs() -> None:
    with pytest.raises(BenchmarkError, match="none of the model's outputs"):
        answers.check(http({"status": "ok"}), classifier())


def test_refuses_an_error_and_says_its_status() -> None:
    with pytest.raises(BenchmarkError, match="refused the event with status 422"):
        answers.check(http({"error": {}}, status=422), classifier())
    with pytest.raises(BenchmarkError, match="refused the event with status 400"):
        answers.document_of(b'{"error": {}, "status": 400}')


@pytest.mark.parametrize(
    "body", [b'{"status": "ok"}', b'{"statusCode": 200, "body": "<html>"}', b"null", b'{"statusCode": "200"}']
)
def test_whatever_a_function_of_others_answers_is_no_error(body: bytes) -> None:
    answers.demand_no_error(body)


def test_an_error_whose_body_is_text_is_told_with_its_status() -> None:
    with pytest.raises(BenchmarkError, match="with status 502: no upstream"):
        answers.demand_no_error(b'{"statusCode": 502, "body": "no upstream"}')


def test_refuses_what_is_no_json() -> None:
    with pytest.raises(BenchmarkError, match="is not JSON"):
        answers.document_of(b"<html>")
    with pytest.raises(BenchmarkError, match="is not JSON"):
        answers.document_of(b'{"statusCode": 200, "body": "<html>"}')


def test_null_stands_for_what_json_cannot_say() -> None:
    outputs = {"label": np.array([1]), "probabilities": np.array([[np.nan, 0.75, 0.0]], np.float32)}
    golden = classifier(outputs=outputs)
    answers.check(http({**RIGHT, "probabilities": [[None, 0.75, 0.0]]}), golden)
    with pytest.raises(BenchmarkError):
        answers.check(http(RIGHT), golden)


def test_several_targets_stand_side_by_side() -> None:
    signature = Signature(
        inputs=(TensorSpec("X", "float32", ("batch", 2)),),
        outputs=(
            TensorSpec("label_0", "int64", BATCH, "label", ("low", "high")),
            TensorSpec("label_1", "int64", BATCH, "label", (False, True)),
        ),
    )
    outputs = {"label_0": np.array([1]), "label_1": np.array([0])}
    golden = classifier(signature=signature, outputs=outputs)
    answers.check(http({"predictions": [["high", False]]}), golden)
    with pytest.raises(BenchmarkError):
        answers.check(http({"predictions": [["high", True]]}), golden)
