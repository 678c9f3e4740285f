"""Answers are one for each row, or speak of all rows of their run; a row never has another's."""

from typing import Any

import pytest
from onnx import helper

from runtimes.core.errors import ModelError, RequestError
from tests.runtimes.core import models
from tests.runtimes.core.conftest import Opener


@pytest.mark.parametrize(
    "request_of", [lambda rows: {"instances": rows}, lambda rows: {"inputs": {"x": rows}}]
)
def test_fewer_answers_than_rows_are_never_given(request_of: Any, serve: Opener) -> None:
    """Nobody knows to which rows they belong."""
    predictor = serve(models.choosing())
    assert predictor.predict(request_of([[1.0, 2.0], [3.0, 4.0]]))["predictions"] == [[1, 2], [3, 4]]
    with pytest.raises(ModelError, match=r"gave y of the shape \[1, 2\] for 2 rows"):
        predictor.predict(request_of([[-1.0, 2.0], [3.0, 4.0]]))


def test_answers_that_are_not_one_for_each_row_are_no_predictions(serve: Opener) -> None:
    predictor = serve(models.choosing("kept"))
    answer = predictor.predict({"instances": [[-1, 2], [3, 4], [5, 6]]})
    assert answer["outputs"] == {"y": [[3, 4], [5, 6]]}
    assert "predictions" not in answer


def test_a_row_of_a_batch_never_holds_answers_to_the_others(serve: Opener) -> None:
    predictor = serve(models.choosing("kept"))
    answer = predictor.predict_batch({"instances": [[-1, 2], [3, 4], [5, "x"], [5, 6]]})
    assert [result.get("outputs") for result in answer["results"]] == [
        {"y": []},
        {"y": [[3, 4]]},
        None,
        {"y": [[5, 6]]},
    ]


def test_texts_of_one_input_may_be_missing_in_one_column_and_not_in_another(serve: Opener) -> None:
    inputs: list[models.Spec] = [("t", "string", ["batch", 2])]
    outputs: list[models.Spec] = [("y", "string", ["batch", 2])]
    town, street = models.columns(["town", "street"], "text", "t")
    entries: dict[str, Any] = {"features": [town, {**street, "nullable": True}]}
    graph = models.graph([helper.make_node("Identity", ["t"], ["y"])], inputs, outputs)
    predictor = serve((graph, models.signature(inputs, outputs, **entries)))
    answer = predictor.predict({"instances": [["Bern", None], ["Rome", "via Appia"]]})
    assert answer["outputs"] == {"y": [["Bern", "\ufdd0"], ["Rome", "via Appia"]]}
    with pytest.raises(RequestError, match="town must be text, not null"):
        predictor.predict({"features": [None, "via Appia"]})
