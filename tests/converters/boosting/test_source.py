"""The gate of the converter itself: a graph that answers otherwise than its source is never given away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost

from packager.converters.boosting import lightgbm as lightgbm_converter
from packager.converters.boosting import xgboost as xgboost_converter
from packager.converters.boosting.ensemble import Ensemble
from packager.converters.failure import ConversionError
from packager.converters.request import read_request
from packager.converters.trees.flat import Trees
from tests.converters.boosting.models import GAPS, NUMBER, THREE, ZEROS
from tests.converters.jobs import write_request


def with_trees(model: Ensemble, change: Callable[[Any], Any]) -> Ensemble:
    assert model.trees is not None
    return replace(model, trees=Trees(tuple(map(change, model.trees.trees)), model.trees.targets))


WRONG: dict[str, Callable[[Ensemble], Ensemble]] = {
    "another base": lambda model: replace(model, base=model.base + 0.01),
    "another link": lambda model: replace(model, link="exp"),
    "missing values on the other side": lambda model: with_trees(
        model, lambda tree: replace(tree, missing_yes=~tree.missing_yes & (tree.asks > 0))
    ),
    "split values one step of single precision away": lambda model: with_trees(
        model,
        lambda tree: replace(
            tree, threshold=np.nextafter(tree.threshold.astype(np.float32), np.float32(np.inf))
        ),
    ),
    "the last round left out": lambda model: replace(
        model, trees=Trees(model.trees.trees[:-1], model.trees.targets[:-1]) if model.trees else None
    ),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_refuses_a_graph_of_xgboost_with(name: str, tmp_path: Path) -> None:
    xgboost.XGBRegressor(n_estimators=4, max_depth=3).fit(GAPS, NUMBER).save_model(tmp_path / "model.json")
    write_request(tmp_path / "job", tmp_path / "model.json")
    source = xgboost_converter.open_source(read_request(tmp_path / "job" / "request.json"))
    source.write(tmp_path / "right.onnx")
    with pytest.raises(ConversionError, match="answers otherwise than the model does"):
        replace(source, model=WRONG[name](source.model)).write(tmp_path / "wrong.onnx")


def test_refuses_a_graph_of_lightgbm_that_reads_zero_as_zero(tmp_path: Path) -> None:
    options: dict[str, Any] = {"n_estimators": 4, "verbose": -1, "zero_as_missing": True}
    model = lightgbm.LGBMClassifier(**options).fit(ZEROS, THREE)
    model.booster_.save_model(tmp_path / "model.txt")
    write_request(tmp_path / "job", tmp_path / "model.txt")
    source = lightgbm_converter.open_source(read_request(tmp_path / "job" / "request.json"))
    wrong = replace(source.model, zero_is_missing=np.zeros(4, dtype=bool))
    with pytest.raises(ConversionError, match="answers otherwise than the model does"):
        replace(source, model=wrong).write(tmp_path / "wrong.onnx")
