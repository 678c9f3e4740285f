"""Documents of many records give the answers that each would get alone, by one run of the engine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtimes.aws_lambda.merging import predict_all
from runtimes.core.predictor import Predictor
from runtimes.core.service import respond
from tests.runtimes.aws_lambda.payloads import rounded
from tests.runtimes.models import classifier_root, mixed_root, tensor_root

ROW = [5.1, 3.5, 1.4, 0.2]
PICTURE = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
DOCUMENTS: dict[Callable[..., Path], list[Any]] = {
    classifier_root: [
        {"features": ROW},
        {"instances": [ROW, [6.7, 3.1, 4.7, 1.5]]},
        {"features": [1, 2, "x", 4]},
        {"instances": [{"sepal length": 1, "sepal width": 2, "petal length": 3, "petal width": 4}]},
        {"inputs": {"X": [ROW]}},
        {"instances": []},
        {"instances": [ROW, [1]]},
        {"instances": [ROW] * 3},
        {"features": ROW, "instances": []},
        {},
        [],
        {"instances": [ROW] * 11},
    ],
    mixed_root: [
        {"features": ["Paris", 3]},
        {"features": {"city": "Köln", "age": None}},
        {"features": [1, 2]},
    ],
    tensor_root: [{"features": PICTURE}, {"instances": [PICTURE, PICTURE]}, {"instances": [[PICTURE]]}],
}


@pytest.mark.parametrize("make", DOCUMENTS, ids=lambda make: make.__name__)
def test_answers_as_if_each_came_alone(make: Callable[..., Path], tmp_path: Path) -> None:
    with Predictor(str(make(tmp_path / "root"))) as predictor:
        predictor.manifest.limits.max_rows = 10
        bodies: list[bytes | str | dict[str, object]] = [json.dumps(one) for one in DOCUMENTS[make]]
        bodies += [b"", "{", b"\xff", "\ud800"]
        alone = [respond(predictor, "predict", body, "id") for body in bodies]
        assert rounded(predict_all(predictor, bodies, "id")) == rounded(alone)
        assert {status for status, _ in alone} >= {200, 400, 422}


class _Counting(Predictor):
    """Counts the runs of the engine."""

    runs = 0

    def _execute(self, tensors):  # type: ignore[no-untyped-def]
        self.runs += 1
        return super()._execute(tensors)


@pytest.mark.parametrize(("most", "runs"), [(100, 1), (20, 2), (1, 40)])
def test_rows_of_many_documents_are_one_run(tmp_path: Path, most: int, runs: int) -> None:
    predictor = _Counting(str(classifier_root(tmp_path / "root")))
    predictor.manifest.limits.max_rows = most
    answers = predict_all(predictor, [json.dumps({"features": ROW})] * 40, "id")
    assert {status for status, _ in answers} == {200}
    assert predictor.runs == runs
    predictor.close()


def test_a_wrong_row_does_not_send_the_others_through_the_engine_one_by_one(tmp_path: Path) -> None:
    predictor = _Counting(str(classifier_root(tmp_path / "root")))
    bodies: list[bytes | str | dict[str, object]] = [json.dumps({"features": ROW})] * 40
    bodies[7], bodies[9] = '{"features": [1, 2, "x", 4]}', "{"
    answers = predict_all(predictor, bodies, "id")
    assert [status for status, _ in answers].count(200) == 38
    assert (answers[7][0], answers[9][0], predictor.runs) == (422, 400, 1)
    predictor.close()
