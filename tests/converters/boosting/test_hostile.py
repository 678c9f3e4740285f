"""Damaged and hostile boosting files: each gets a sentence, and compiled code sees none of them."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import lightgbm
import numpy as np
import pytest
import xgboost

from packager.converters.failure import SourceError
from packager.converters.pickles.boosters import refuse_broken_booster
from tests.converters.boosting.models import CODES, NUMBER, ROWS, THREE
from tests.converters.jobs import Done, do

MODEL = xgboost.XGBRegressor(n_estimators=3, max_depth=3).fit(ROWS, NUMBER)
JSON = bytes(MODEL.get_booster().save_raw("json"))
UBJ = bytes(MODEL.get_booster().save_raw("ubj"))
SETS = lightgbm.LGBMRegressor(n_estimators=3, verbose=-1, min_data_per_group=2, cat_smooth=1)
TEXT = SETS.fit(CODES, NUMBER + CODES[:, 2] % 7, categorical_feature=[2]).booster_.model_to_string()


def changed(change: Callable[[dict[str, Any]], None]) -> bytes:
    """The JSON model after a change to its learner."""
    document = json.loads(JSON)
    change(document["learner"])
    return json.dumps(document, separators=(",", ":")).encode()


def tree(learner: dict[str, Any]) -> dict[str, Any]:
    return learner["gradient_booster"]["model"]["trees"][0]


def parameters(learner: dict[str, Any]) -> dict[str, Any]:
    return learner["gradient_booster"]["model"]["gbtree_model_param"]


HOSTILE_XGBOOST: dict[str, bytes] = {
    "truncated json": JSON[: len(JSON) // 2],
    "truncated ubjson": UBJ[: len(UBJ) // 2],
    "ubjson with random bytes": UBJ[:200] + np.random.default_rng(0).bytes(3000),
    "a million brackets": b'{"learner":' + b"[" * 1_000_000,
    "a million objects": b'{"learner":' * 1_000_000,
    "a number of a million digits": b'{"learner":{"version":' + b"9" * 1_000_000 + b"}}",
    "no trees": changed(lambda learner: learner.pop("gradient_booster")),
    "a list for a learner": b'{"learner":[1,2],"version":[3,2,0]}',
    "a cycle": changed(lambda learner: tree(learner)["left_children"].__setitem__(1, 0)),
    "a child out of range": changed(lambda learner: tree(learner)["right_children"].__setitem__(0, 1 << 30)),
    "a feature out of range": changed(lambda learner: tree(learner)["split_indices"].__setitem__(0, 77)),
    "an output out of range": changed(
        lambda learner: learner["gradient_booster"]["model"]["tree_info"].__setitem__(0, 5)
    ),
    "too many trees": changed(lambda learner: parameters(learner).update(num_trees="2000000000")),
    "too many features": changed(
        lambda learner: learner["learner_model_param"].update(num_feature="999999999999")
    ),
    "too many classes": changed(lambda learner: learner["learner_model_param"].update(num_class="99999999")),
    "rounds beyond its trees": changed(
        lambda learner: learner["gradient_booster"]["model"].update(iteration_indptr=[0, 1, 900])
    ),
    "a base score that is a text": changed(
        lambda learner: learner["learner_model_param"].update(base_score="[[[1]]]")
    ),
    "a set without members": changed(lambda learner: tree(learner)["split_type"].__setitem__(0, 1)),
    "a best round below zero": changed(
        lambda learner: learner["attributes"].update(best_iteration="-7", scikit_learn="{}")
    ),
}  # fmt: skip
HOSTILE_LIGHTGBM: dict[str, str] = {
    "truncated": TEXT[: len(TEXT) // 2],
    "random bytes after its head": TEXT[:200] + "\x00\x01 ruin" * 300,
    "no trees though it speaks of some": TEXT.split("\nTree=0")[0] + "\nend of trees\n",
    "a tree left out": TEXT.replace("\nTree=1\n", "\nTree=9\n"),
    "a child out of range": TEXT.replace("left_child=", "left_child=99999 ", 1),
    "a huge number of leaves": TEXT.replace("num_leaves=", "num_leaves=99999999", 1),
    "a negative number of leaves": TEXT.replace("num_leaves=", "num_leaves=-", 1),
    "a feature out of range": TEXT.replace("split_feature=", "split_feature=77 ", 1),
    "too many features": TEXT.replace("max_feature_idx=3", "max_feature_idx=99999999999"),
    "a huge number of outputs": TEXT.replace("num_tree_per_iteration=1", "num_tree_per_iteration=99999999"),
    "a leaf that is no number": TEXT.replace("leaf_value=", "leaf_value=nan", 1),
    "categories out of range": TEXT.replace("cat_boundaries=0 ", "cat_boundaries=0 999999 ", 1),
    "categories of many brackets": TEXT.replace("categorical:null", "categorical:" + "[" * 100_000),
    "another version": TEXT.replace("version=v4", "version=v99"),
}  # fmt: skip


def cycle() -> str:
    """The root is its own left child."""
    lines = TEXT.split("\n")
    at = next(at for at, line in enumerate(lines) if line.startswith("left_child="))
    children = lines[at].removeprefix("left_child=").split()
    lines[at] = "left_child=" + " ".join(["0", *children[1:]])
    return "\n".join(lines)


def refused(done: Done) -> str:
    assert done.error["kind"] in ("SourceError", "UnsafeModelError"), done.error
    assert len(done.error["message"]) < 400
    return str(done.error["message"])


@pytest.mark.parametrize("name", sorted(HOSTILE_XGBOOST))
def test_refuses_an_xgboost_file_with(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(HOSTILE_XGBOOST[name])
    assert "damaged" in refused(do(tmp_path / "job", tmp_path / "model.json"))


@pytest.mark.parametrize("name", sorted(HOSTILE_LIGHTGBM))
def test_refuses_a_lightgbm_file_with(name: str, tmp_path: Path) -> None:
    assert HOSTILE_LIGHTGBM[name] != TEXT
    (tmp_path / "model.txt").write_text(HOSTILE_LIGHTGBM[name])
    refused(do(tmp_path / "job", tmp_path / "model.txt"))


def test_refuses_a_lightgbm_file_that_goes_in_circles(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text(cycle())
    assert "Tree 0" in refused(do(tmp_path / "job", tmp_path / "model.txt"))


def test_refuses_a_pickle_whose_booster_was_damaged(tmp_path: Path) -> None:
    """Random bytes in place of the model: XGBoost's own parser would be the first to see them."""
    data = pickle.dumps(MODEL.get_booster())
    at = data.index(b"gradient_booster")
    (tmp_path / "model.pkl").write_bytes(data[:at] + b"\xff" * 40 + data[at + 40 :])
    assert "damaged" in refused(do(tmp_path / "job", tmp_path / "model.pkl"))


def test_refuses_a_pickle_whose_lightgbm_text_goes_in_circles() -> None:
    booster = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(ROWS, THREE).booster_
    state = booster.__getstate__()
    state["_handle"] = cycle()
    with pytest.raises(SourceError, match="Tree 0"):
        refuse_broken_booster("lightgbm.basic.Booster", state)


STATES: dict[str, tuple[str, Any]] = {
    "no dictionary": ("xgboost.core.Booster", [1]),
    "names that are no texts": ("lightgbm.basic.Booster", {1: 2}),
    "no model in it": ("xgboost.core.Booster", {"handle": None}),
    "a number for a model": ("lightgbm.basic.Booster", {"_handle": 7}),
    "the binary format": ("xgboost.core.Booster", {"handle": bytearray(b"CONFIG-offset:\x00\x00")}),
}


@pytest.mark.parametrize("name", sorted(STATES))
def test_refuses_a_state_with(name: str) -> None:
    with pytest.raises(SourceError):
        refuse_broken_booster(*STATES[name])


def test_functions_beside_a_booster_are_refused_by_name(tmp_path: Path) -> None:
    joblib.dump({"model": MODEL, "then": exec}, tmp_path / "model.joblib")
    done = do(tmp_path / "job", tmp_path / "model.joblib")
    assert done.error["kind"] == "UnsafeModelError"
    assert "builtins.exec" in done.error["message"]
