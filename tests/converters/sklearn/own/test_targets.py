"""Several targets at once: each has its own label, classes and probabilities."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests.converters.jobs import array_of
from tests.converters.sklearn.own.models import ROWS, THREE, TWO, shown

NAMED = np.c_[np.array(["low", "middle", "über"])[THREE], np.array(["no", "yes"])[TWO]]
FLAGS = np.c_[TWO, ROWS[:, 0] > 5].astype(int)
SIDE_BY_SIDE: dict[str, Any] = {
    "lines": MultiOutputClassifier(LogisticRegression(max_iter=500)),
    "steps": make_pipeline(StandardScaler(), MultiOutputClassifier(LogisticRegression())),
    "forest": RandomForestClassifier(6, random_state=0),
    "random_trees": ExtraTreesClassifier(6, random_state=0),
    "tree": DecisionTreeClassifier(max_depth=3),
    "neighbours": KNeighborsClassifier(3),
}
FLAGGED: dict[str, Any] = {
    "chain": ClassifierChain(LogisticRegression(max_iter=500), order=[1, 0]),
    "rest": OneVsRestClassifier(LogisticRegression()),
    "ridge": RidgeClassifier(),
    "machines": MultiOutputClassifier(LinearSVC()),
}


@pytest.mark.parametrize("name", sorted(SIDE_BY_SIDE))
def test_each_target_has_its_classes(name: str, tmp_path: Path) -> None:
    done = shown(tmp_path, SIDE_BY_SIDE[name], ROWS, NAMED)
    wanted: list[dict[str, Any]] = []
    for target, labels in enumerate((["low", "middle", "über"], ["no", "yes"])):
        label: dict[str, Any] = {
            "name": f"label_{target}",
            "dtype": "int64",
            "shape": ["batch"],
            "role": "label",
        }
        shape = ["batch", len(labels)]
        chances: dict[str, Any] = {"name": f"probabilities_{target}", "dtype": "float32", "shape": shape}
        wanted += [{**label, "class_labels": labels}]
        wanted += [{**chances, "role": "probabilities", "class_labels": labels}]
    assert done.signature["outputs"] == wanted
    assert done.signature["class_labels"] == []
    decided = array_of(done.cases[-1]["outputs"]["label_0"])
    assert set(decided.tolist()) == {0, 1, 2}


@pytest.mark.parametrize("name", sorted(FLAGGED))
def test_labels_that_are_there_or_not_are_targets_of_two_classes(name: str, tmp_path: Path) -> None:
    done = shown(tmp_path, FLAGGED[name], ROWS, FLAGS)
    labels = [output for output in done.signature["outputs"] if output["role"] == "label"]
    assert [output["class_labels"] for output in labels] == [[0, 1], [0, 1]]
