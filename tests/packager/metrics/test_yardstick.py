"""What is measured of which model, and how much of it was lost."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packager.errors import ConfigError, SamplesError, VerificationError
from packager.metrics import Yardstick, yardstick
from packager.model import Feature, Signature, TensorSpec

X = TensorSpec("X", "float32", ("batch", 2))
LABEL = TensorSpec("label", "string", ("batch",), "label")
CHANCES = TensorSpec("probabilities", "float32", ("batch", 3), "probabilities")
CLASSIFIER = Signature((X,), (LABEL, CHANCES), ("a", "b", "c"))
ROWS = 300
Outputs = dict[str, Any]


def _net(*sizes: int, role: Any = "tensor") -> Signature:
    return Signature((X,), (TensorSpec("y", "float32", ("batch", *sizes), role),))


def _tabular(*sizes: int) -> Signature:
    feature = Feature("x", "number", "X", 0)
    return Signature((X,), _net(*sizes, role="prediction").outputs, features=(feature,))


def _document(array: Any) -> dict[str, Any]:
    if array.dtype.kind in "OU":
        return {"dtype": "string", "shape": list(array.shape), "data": array.ravel().tolist()}
    data = base64.b64encode(array.tobytes()).decode()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "b64": data}


def _yard(
    folder: Path, signature: Signature, cases: list[Outputs], labels: Any = None, asked: str | None = None
) -> Yardstick:
    rows = [
        {"inputs": {}, "outputs": {name: _document(array) for name, array in one.items()}} for one in cases
    ]
    document = {
        "schema_version": 1,
        "cases": rows,
        "labels": None if labels is None else np.asarray(labels, float).tolist(),
    }
    path = folder / "evaluation.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return yardstick(path, signature, asked)


def _decided(places: Any) -> list[Outputs]:
    """A classifier's answers in two cases."""
    places = np.asarray(places)
    chances = (np.eye(3)[places] * 0.7 + 0.1).astype(np.float32)
    named = np.array(["a", "b", "c"], dtype=object)[places]
    return [
        {"label": named[:200], "probabilities": chances[:200]},
        {"label": named[200:], "probabilities": chances[200:]},
    ]


def _scored(values: Any) -> list[Outputs]:
    return [{"y": np.asarray(values, dtype=np.float32)}]


TRUTH = np.arange(ROWS) % 3
WRONG = np.where(np.arange(ROWS) < 30, (TRUTH + 1) % 3, TRUTH)
MORE_WRONG = np.where(np.arange(ROWS) < 45, (TRUTH + 1) % 3, TRUTH)


def test_a_classifier_is_measured_by_its_labels(tmp_path: Path) -> None:
    yard = _yard(tmp_path, CLASSIFIER, _decided(WRONG), TRUTH)
    assert (yard.metric, yard.truth, yard.rows, yard.source.value) == ("accuracy", "labels", ROWS, 0.9)
    score, drop = yard.score(_decided(MORE_WRONG)), yard.drop(_decided(MORE_WRONG))
    assert [score.value, drop.value] == pytest.approx([0.85, 0.05])
    assert 0.02 < drop.low < 0.05 < drop.high < 0.08


def test_without_labels_it_is_held_to_the_source(tmp_path: Path) -> None:
    yard = _yard(tmp_path, CLASSIFIER, _decided(WRONG))
    assert (yard.truth, yard.source.value) == ("source", 1.0)
    assert yard.score(_decided(MORE_WRONG)).value == pytest.approx(0.95)


def test_the_source_itself_loses_nothing(tmp_path: Path) -> None:
    for asked in ("accuracy", "auc", "f1", "log_loss", "cosine"):
        drop = _yard(tmp_path, CLASSIFIER, _decided(WRONG), TRUTH, asked).drop(_decided(WRONG))
        assert (drop.value, drop.low, drop.high) == (0, 0, 0), asked


def test_of_an_error_more_is_worse(tmp_path: Path) -> None:
    yard = _yard(tmp_path, CLASSIFIER, _decided(WRONG), TRUTH, "log_loss")
    assert yard.drop(_decided(MORE_WRONG)).low > 0


def test_labels_as_places_are_read_as_such(tmp_path: Path) -> None:
    outputs = (TensorSpec("label", "int64", ("batch",), "label"), CHANCES)
    by_place = Signature((X,), outputs, ("a", "b", "c"), label_is_index=True)
    by_value = Signature((X,), outputs, (10, 20, 30))
    chances = _decided(TRUTH)[0]["probabilities"]
    placed = [{"label": TRUTH[:200], "probabilities": chances}]
    named = [{"label": TRUTH[:200] * 10 + 10, "probabilities": chances}]
    assert _yard(tmp_path, by_place, placed, TRUTH[:200]).source.value == 1
    assert _yard(tmp_path, by_value, named, TRUTH[:200]).source.value == 1


def test_several_targets_count_alike(tmp_path: Path) -> None:
    specs = tuple(
        TensorSpec(f"label_{at}", "int64", ("batch",), "label", class_labels=("no", "yes")) for at in (0, 1)
    )
    right = {"label_0": np.zeros(100, np.int64), "label_1": np.ones(100, np.int64)}
    half = {**right, "label_1": np.arange(100) % 2}
    yard = _yard(tmp_path, Signature((X,), specs), [right])
    assert yard.score([half]).value == pytest.approx(0.75)


def test_a_net_of_scores_is_right_where_the_best_one_is(tmp_path: Path) -> None:
    scores = np.eye(10)[np.arange(ROWS) % 10] * 9
    yard = _yard(tmp_path, _net(10), _scored(scores), np.arange(ROWS) % 10)
    assert (yard.metric, yard.source.value) == ("accuracy", 1.0)
    deep = _yard(tmp_path, _net(1, 1, 10), _scored(scores.reshape(-1, 1, 1, 10)), np.arange(ROWS) % 10)
    assert deep.source.value == 1
    assert _yard(tmp_path, _net(10), _scored(scores), np.arange(ROWS) % 10, "top5").source.value == 1


@pytest.mark.parametrize(("high", "low"), [(0.9, 0.1), (4.0, -4.0)])
def test_a_net_of_one_score_says_yes_or_no(tmp_path: Path, high: float, low: float) -> None:
    labels = np.arange(ROWS) % 2
    scores = np.where(labels == 1, high, low)[:, None]
    for asked in (None, "auc", "f1"):
        assert _yard(tmp_path, _net(1), _scored(scores), labels, asked).source.value == 1


def test_a_regression_is_measured_by_its_numbers(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).normal(size=ROWS)
    yard = _yard(tmp_path, _tabular(), _scored(labels), labels)
    assert yard.metric == "r2" and yard.source.value == pytest.approx(1)
    assert yard.drop(_scored(labels + 0.1)).value == pytest.approx(0.01 / labels.var(), rel=1e-3)
    assert _yard(tmp_path, _tabular(), _scored(labels), None).truth == "source"
    two = _yard(tmp_path, _tabular(2), _scored(np.stack([labels, -labels], axis=1)))
    assert (two.metric, two.source.value) == ("r2", 1)


def test_tensors_are_compared_by_their_direction(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).normal(size=(20, 4, 4))
    yard = _yard(tmp_path, _net(4, 4), _scored(pictures))
    assert (yard.metric, yard.truth, yard.rows) == ("cosine", "source", 20)
    assert yard.drop(_scored(-pictures)).value == pytest.approx(2)


def test_whole_inputs_of_other_sizes_are_a_row_each(tmp_path: Path) -> None:
    outputs = (TensorSpec("y", "float32", (1, "time")), TensorSpec("state", "float32", (2, 1, 3)))
    cases = [
        {"y": np.ones((1, size), np.float32), "state": np.ones((2, 1, 3), np.float32)} for size in (3, 5)
    ]
    assert _yard(tmp_path, Signature((X,), outputs), cases).rows == 2


@pytest.mark.parametrize(
    ("signature", "asked", "said"),
    [
        (CLASSIFIER, "r2", "the metric r2 does not fit a model that decides between classes"),
        (CLASSIFIER, "top5", "says nothing of 3 classes"),
        (CLASSIFIER, "acuracy", "there is no metric 'acuracy'"),
        (Signature((X,), (LABEL,), ("a", "b", "c")), "auc", "needs a score for each class"),
        (Signature((X,), (LABEL,), ("a", "b", "c")), "cosine", "answers no numbers"),
    ],
)
def test_refuses_a_metric_that_does_not_fit(
    tmp_path: Path, signature: Signature, asked: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        _yard(tmp_path, signature, _decided(TRUTH), TRUTH, asked)


def test_refuses_labels_that_are_not_those_of_the_answers(tmp_path: Path) -> None:
    with pytest.raises(SamplesError, match=r"up to 2, and the model answers y \['batch', 4, 4\]"):
        _yard(tmp_path, _net(4, 4), _scored(np.ones((3, 4, 4))), [0, 1, 2])
    with pytest.raises(SamplesError, match="2 labels for 3 rows"):
        _yard(tmp_path, _net(4), _scored(np.ones((3, 4))), [0, 1])


def test_refuses_rows_that_all_have_the_same_truth(tmp_path: Path) -> None:
    with pytest.raises(SamplesError, match="cannot tell the auc: all have the same truth"):
        _yard(tmp_path, _net(1), _scored(np.ones((9, 1))), np.ones(9), "auc")


def test_an_answer_that_is_no_number_is_no_small_drop(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(ROWS, 1))
    yard = _yard(tmp_path, _net(1, role="prediction"), _scored(values))
    broken = values.copy()
    broken[3] = np.nan
    for measured in (yard.score, yard.drop):
        with pytest.raises(VerificationError, match="1 of the answers hold NaN"):
            measured(_scored(broken))
    with pytest.raises(VerificationError, match="has shape"):
        yard.drop(_scored(values[1:]))
    with pytest.raises(SamplesError, match="the source model itself answers NaN"):
        _yard(tmp_path, _net(1), _scored(broken))
