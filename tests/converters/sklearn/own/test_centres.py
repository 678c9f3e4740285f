"""The nearest centre, neighbours within a radius, code words: on rows that the model never saw."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.cluster import (
    AffinityPropagation,
    Birch,
    BisectingKMeans,
    FeatureAgglomeration,
    KMeans,
    MeanShift,
)
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid, RadiusNeighborsClassifier, RadiusNeighborsRegressor
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection
from sklearn.svm import LinearSVC

from tests.converters.jobs import array_of, do
from tests.converters.sklearn.own.models import NUMBERS, ROWS, THREE, TWO, shown

CLUSTERS: dict[str, Any] = {
    "affinity": AffinityPropagation(random_state=0),
    "birch": Birch(threshold=0.4, n_clusters=3),
    "halves": BisectingKMeans(4, random_state=0),
    "means": KMeans(3, n_init=1, random_state=0),
    "shift": MeanShift(bandwidth=1.2),
}
CLASSIFIERS: dict[str, Any] = {
    "centroid": NearestCentroid(),
    "even centroid": NearestCentroid(priors="uniform"),
    "city centroid": NearestCentroid(metric="manhattan", priors="empirical"),
    "shrunken centroid": NearestCentroid(shrink_threshold=0.2, priors="empirical"),
    "radius": RadiusNeighborsClassifier(1.0, outlier_label="most_frequent"),
    "near radius": RadiusNeighborsClassifier(1.5, weights="distance", outlier_label="z", p=1),
    "chessboard radius": RadiusNeighborsClassifier(0.8, metric="chebyshev", outlier_label="a"),
    "codes": OutputCodeClassifier(LogisticRegression(max_iter=500), code_size=2, random_state=0),
    "codes by chance": OutputCodeClassifier(GaussianNB(), code_size=2, random_state=0),
    "codes of scores": OutputCodeClassifier(LinearSVC(), code_size=2, random_state=0),
}
STEPS: dict[str, Any] = {
    "means": KMeans(4, n_init=1, random_state=0),
    "halves": BisectingKMeans(3, random_state=0),
    "beside others": make_union(KMeans(2, n_init=1, random_state=0), StandardScaler()),
    "pooled": FeatureAgglomeration(2),
    "random": GaussianRandomProjection(2, random_state=0),
    "sparse": SparseRandomProjection(3, random_state=0),
}


@pytest.mark.parametrize("name", sorted(CLUSTERS))
def test_clusters_are_those_of_the_model(name: str, tmp_path: Path) -> None:
    done = shown(tmp_path, CLUSTERS[name], ROWS, None)
    assert len(set(array_of(done.cases[-1]["outputs"]["prediction"]).tolist())) > 1


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
@pytest.mark.parametrize("classes", [("a", "k", "z"), ("a", "z")])
def test_classes_are_those_of_the_model(name: str, classes: tuple[str, ...], tmp_path: Path) -> None:
    target = np.array(classes)[THREE if len(classes) > 2 else TWO]
    shown(tmp_path, CLASSIFIERS[name], ROWS, target)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_numbers_of_neighbours_within_a_radius_and_none_without_any(weights: str, tmp_path: Path) -> None:
    done = shown(tmp_path, RadiusNeighborsRegressor(1.2, weights=weights), ROWS, NUMBERS)
    answers = array_of(done.cases[-1]["outputs"]["prediction"])
    assert 0 < np.isnan(answers).sum() < len(answers)


def test_whole_numbers_on_the_radius_itself_are_within(tmp_path: Path) -> None:
    model = RadiusNeighborsClassifier(2.0, outlier_label="most_frequent")
    shown(tmp_path, model, np.round(ROWS), THREE)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_distances_and_projections_go_on_to_an_estimator(name: str, tmp_path: Path) -> None:
    shown(tmp_path, make_pipeline(STEPS[name], LogisticRegression(max_iter=500)), ROWS, THREE)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (RadiusNeighborsClassifier(9.0), "fails for rows without neighbours"),
        (RadiusNeighborsClassifier(9.0, outlier_label=-1), "which is none of its classes"),
        (
            make_pipeline(FeatureAgglomeration(2, pooling_func=np.median), LogisticRegression()),
            "pools columns by another function",
        ),
    ],
)
def test_what_has_no_form_is_refused_by_name(model: Any, words: str, tmp_path: Path) -> None:
    joblib.dump(model.fit(ROWS, THREE), tmp_path / "model.joblib")
    assert words in do(tmp_path / "job", tmp_path / "model.joblib").error["message"]
