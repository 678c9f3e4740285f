"""The formulas, held to scikit-learn's, with weights and without."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from packager.metrics import weighted

Weighted = Callable[[Any], float]


def _drawn(seed: int, rows: int, classes: int, steps: int) -> tuple[Any, Any, Any]:
    """Truth, probabilities in few different values (so that many are equal), and whole weights."""
    random = np.random.default_rng(seed)
    truth = np.r_[np.arange(classes), random.integers(0, classes, rows)]
    raw = random.integers(1, steps + 1, (len(truth), classes)).astype(np.float64)
    return (
        truth,
        raw / raw.sum(axis=1, keepdims=True),
        random.integers(1, 4, (1, len(truth))).astype(np.float64),
    )


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000), rows=st.integers(3, 60), classes=st.integers(2, 8), steps=st.integers(1, 6)
)
def test_metrics_of_classes_are_those_of_scikit_learn(seed: int, rows: int, classes: int, steps: int) -> None:
    truth, chances, weights = _drawn(seed, rows, classes, steps)
    said, given_weights = chances.argmax(axis=1), {"sample_weight": weights[0]}
    right = weighted.mean(weighted.hits(truth, said), weights)
    assert right == pytest.approx(metrics.accuracy_score(truth, said, **given_weights))
    average = "binary" if classes == 2 else "macro"
    wanted = metrics.f1_score(truth, said, average=average, zero_division=0, **given_weights)
    assert weighted.f1(truth, said, classes, weights) == pytest.approx(wanted)
    loss = weighted.mean(weighted.losses(truth, chances), weights)
    assert loss == pytest.approx(metrics.log_loss(truth, chances, labels=range(classes), **given_weights))
    columns = chances[:, 1:] if classes == 2 else chances
    area = metrics.roc_auc_score(
        truth, chances[:, 1] if classes == 2 else chances, multi_class="ovr", **given_weights
    )
    assert weighted.auc(truth, columns)(weights) == pytest.approx(area)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), rows=st.integers(3, 60), offset=st.sampled_from([0.0, 1e6]))
def test_metrics_of_numbers_are_those_of_scikit_learn(seed: int, rows: int, offset: float) -> None:
    random = np.random.default_rng(seed)
    truth = random.normal(size=rows) + offset
    answers, weights = truth + random.normal(size=rows), random.integers(1, 4, (1, rows)).astype(np.float64)
    wanted = metrics.r2_score(truth, answers, sample_weight=weights[0])
    assert weighted.r2(truth, answers, weights) == pytest.approx(wanted, abs=1e-6)
    error = metrics.root_mean_squared_error(truth, answers, sample_weight=weights[0])
    assert weighted.rmse(truth, answers, weights) == pytest.approx(error)


def test_the_best_five_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    truth, scores = random.integers(0, 12, 300), random.normal(size=(300, 12))
    wanted = metrics.top_k_accuracy_score(truth, scores, k=5, labels=range(12))
    assert weighted.top_hits(truth, scores).mean() == pytest.approx(wanted)


def test_of_equal_scores_five_are_the_best() -> None:
    assert weighted.top_hits(np.arange(8), np.zeros((8, 8))).tolist() == [1] * 5 + [0] * 3


def test_a_class_that_the_model_does_not_know_is_never_right() -> None:
    unknown, chances = np.array([-1]), np.array([[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]])
    assert weighted.top_hits(unknown, chances) == 0
    assert weighted.hits(unknown, chances.argmax(axis=1)) == 0
    assert weighted.losses(unknown, chances)[0] > 30


def test_directions_are_compared_and_zeros_are_alike() -> None:
    one = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    other = np.array([[0.0, 2.0], [3.0, 3.0], [0.0, 0.0], [1.0, 0.0]])
    assert weighted.cosines(one, other) == pytest.approx([0, 1, 1, 0])


def test_a_truth_of_one_kind_tells_nothing() -> None:
    weights = np.ones((2, 4))
    assert np.isnan(weighted.auc(np.ones(4, dtype=np.int64), np.zeros((4, 1)))(weights)).all()
    assert np.isnan(weighted.r2(np.ones(4), np.ones(4), weights)).all()
