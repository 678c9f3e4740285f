"""Files of earlier releases: what they lack, and what no longer exists."""

import json
import pickle
from pathlib import Path
from typing import Any

import lightgbm
import pytest
import xgboost

from tests.converters.boosting.models import GAPS, NUMBER, THREE, TWO, pickled
from tests.converters.jobs import assert_answers_alike, do

_LATER = ("categories", "categories_nodes", "categories_segments", "categories_sizes", "split_type")
MODELS: dict[str, Any] = {
    "numbers": lambda: xgboost.XGBRegressor(n_estimators=5, base_score=0.3).fit(GAPS, NUMBER),
    "two classes": lambda: xgboost.XGBClassifier(n_estimators=5, base_score=0.3).fit(GAPS, TWO),
    "classes": lambda: xgboost.XGBClassifier(n_estimators=5, base_score=0.5).fit(GAPS, THREE),
    "parallel trees": lambda: xgboost.XGBRegressor(
        n_estimators=3, num_parallel_tree=3, base_score=0.3
    ).fit(GAPS, NUMBER),
}  # fmt: skip


def as_of_version_1(booster: Any) -> bytes:
    """Without what came after 1.0: sets of categories, the ends of rounds, base scores by output."""
    document = json.loads(booster.save_raw("json"))
    learner = document["learner"]
    parameters, model = learner["learner_model_param"], learner["gradient_booster"]["model"]
    document["version"] = [1, 0, 2]
    base = json.loads(parameters["base_score"])
    assert len(set(base)) == 1
    learner["learner_model_param"] = {
        "base_score": str(base[0]),
        "num_class": parameters["num_class"],
        "num_feature": parameters["num_feature"],
    }
    del model["iteration_indptr"], model["cats"], learner["feature_names"], learner["feature_types"]
    for tree in model["trees"]:
        tree["default_left"] = [bool(left) for left in tree["default_left"]]
        for name in _LATER:
            del tree[name]
    return json.dumps(document).encode()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_reads_xgboosts_first_json(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(as_of_version_1(MODELS[name]().get_booster()))
    done = do(tmp_path / "job", tmp_path / "model.json")
    assert_answers_alike(done)
    assert done.result["source"]["written_by"] == "1.0.2"


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_reads_older_texts_of_lightgbm(version: str, tmp_path: Path) -> None:
    text = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(GAPS, THREE).booster_.model_to_string()
    lines = [
        line
        for line in text.replace("version=v4", f"version={version}").split("\n")
        if "is_linear" not in line
    ]
    head, *trees = "\n".join(lines).split("Tree=")
    head = "\n".join(line for line in head.split("\n") if not line.startswith("tree_sizes"))
    (tmp_path / "model.txt").write_text("Tree=".join([head, *trees]))
    assert_answers_alike(do(tmp_path / "job", tmp_path / "model.txt"))


def test_an_estimator_of_lightgbm_2_is_completed(tmp_path: Path) -> None:
    model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1).fit(GAPS, NUMBER)
    for name in ("importance_type", "fitted_", "_n_features_in", "_n_classes"):
        delattr(model, name)
    assert_answers_alike(pickled(tmp_path, model))


def test_a_class_that_xgboost_no_longer_has_is_named(tmp_path: Path) -> None:
    asks = b"\x80\x04cxgboost.compat\nXGBoostLabelEncoder\n)\x81."
    (tmp_path / "model.pkl").write_bytes(asks)
    error = do(tmp_path / "job", tmp_path / "model.pkl").error
    assert error["kind"] == "SourceError"
    assert "needs xgboost.compat.XGBoostLabelEncoder" in error["message"]
    assert "save_model" in error["hint"]


def test_the_binary_format_in_a_pickle_is_named(tmp_path: Path) -> None:
    booster = xgboost.XGBRegressor(n_estimators=2).fit(GAPS, NUMBER).get_booster()
    data = pickle.dumps(booster, protocol=4)
    handle = bytes(booster.__getstate__()["handle"])
    (tmp_path / "model.pkl").write_bytes(data.replace(handle, b"CONFIG-offset:" + handle[14:]))
    error = do(tmp_path / "job", tmp_path / "model.pkl").error
    assert "binary format" in error["message"]
    assert "booster.save_model" in error["hint"]
