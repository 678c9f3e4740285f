"""LightGBM in every objective and booster, out of text and pickles: the graph answers as the library does."""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from packager.converters.signature import MISSING_TEXT
from tests.converters.boosting.models import (
    BY_CODE,
    BY_FRAME,
    CODES,
    FRAME,
    GAPS,
    GROUPS,
    NUMBER,
    POSITIVE,
    ROWS,
    THREE,
    TWO,
    ZEROS,
    pickled,
)
from tests.converters.jobs import Done, array_of, assert_answers_alike, do

SMALL: dict[str, Any] = {"n_estimators": 8, "verbose": -1, "min_child_samples": 5, "num_leaves": 8}
SETS: dict[str, Any] = {"min_data_per_group": 2, "cat_smooth": 1}
BAGGED: dict[str, Any] = {"subsample": 0.5, "subsample_freq": 1}
PLAIN = (
    "regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie",
)  # fmt: skip


def regressor(rows: Any, target: Any, **options: Any) -> Any:
    return lightgbm.LGBMRegressor(**SMALL | options).fit(rows, target)


def classifier(rows: Any, target: Any, **options: Any) -> Any:
    return lightgbm.LGBMClassifier(**SMALL | options).fit(rows, target)


def ranker(objective: str) -> Any:
    return lightgbm.LGBMRanker(objective=objective, **SMALL).fit(GAPS, THREE, group=GROUPS)


OTHERS: dict[str, Any] = {
    "binary": lambda: classifier(GAPS, TWO),
    "binary with another slope": lambda: classifier(GAPS, np.where(TWO, "yes", "no"), sigmoid=2.5),
    "boolean classes": lambda: classifier(GAPS, NUMBER > 0),
    "multiclass": lambda: classifier(GAPS, 10 * THREE),
    "one against the rest": lambda: classifier(GAPS, THREE, objective="multiclassova"),
    "entropy of classes": lambda: classifier(GAPS, TWO, objective="cross_entropy"),
    "entropy": lambda: regressor(GAPS, TWO, objective="cross_entropy"),
    "entropy lambda": lambda: regressor(GAPS, TWO, objective="cross_entropy_lambda"),
    "lambdarank": lambda: ranker("lambdarank"),
    "xendcg": lambda: ranker("rank_xendcg"),
    "square root": lambda: regressor(GAPS, NUMBER, reg_sqrt=True),
    "dart": lambda: classifier(GAPS, THREE, boosting_type="dart"),
    "forest": lambda: classifier(GAPS, THREE, boosting_type="rf", **BAGGED),
    "forest of numbers": lambda: regressor(GAPS, 100 * NUMBER, boosting_type="rf", **BAGGED),
    "zero as missing": lambda: regressor(ZEROS, NUMBER, zero_as_missing=True),
    "no missing values": lambda: regressor(ROWS, NUMBER),
    "use_missing=False": lambda: regressor(GAPS, NUMBER, use_missing=False),
    "many zeros": lambda: regressor(ZEROS, NUMBER),
    "linear leaves": lambda: regressor(GAPS, NUMBER, linear_tree=True),
    "linear leaves of classes": lambda: classifier(ROWS, THREE, linear_tree=True),
    "one leaf": lambda: regressor(ROWS, NUMBER, n_estimators=1, min_child_samples=200),
    "codes": lambda: lightgbm.LGBMRegressor(**SMALL, **SETS).fit(CODES, BY_CODE, categorical_feature=[2]),
}


def saved(folder: Path, booster: Any, **options: Any) -> Done:
    booster.save_model(folder / "model.txt")
    return do(folder / "text", folder / "model.txt", **options)


@pytest.mark.parametrize("objective", PLAIN)
def test_answers_as_lightgbm_does_for_objective(objective: str, tmp_path: Path) -> None:
    model = regressor(GAPS, POSITIVE, objective=objective)
    assert_answers_alike(pickled(tmp_path, model))
    assert_answers_alike(saved(tmp_path, model.booster_))


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_answers_as_lightgbm_does_for(name: str, tmp_path: Path) -> None:
    model = OTHERS[name]()
    done = pickled(tmp_path, model)
    assert_answers_alike(done)
    assert done.result["source"]["framework"] == "lightgbm"
    assert_answers_alike(saved(tmp_path, model.booster_))


def test_classes_are_the_users_own_and_numbered_in_a_text(tmp_path: Path) -> None:
    model = classifier(GAPS, np.array(["low", "middle", "high"])[THREE])
    assert pickled(tmp_path, model).signature["class_labels"] == ["high", "low", "middle"]
    done = saved(tmp_path, model.booster_)
    assert done.signature["class_labels"] == [0, 1, 2]
    assert "numbered from 0" in done.result["notes"][0]


def test_a_model_that_stopped_early_stops_at_its_best_round(tmp_path: Path) -> None:
    stop = lightgbm.early_stopping(3, verbose=False)
    model = lightgbm.LGBMClassifier(n_estimators=60, verbose=-1)
    model.fit(ROWS, THREE, eval_X=(ROWS[::-1],), eval_y=(THREE,), callbacks=[stop])
    done = pickled(tmp_path, model)
    assert_answers_alike(done)
    assert f", {model.best_iteration_} rounds," in done.result["source"]["description"]


def test_categories_of_a_data_frame_are_given_as_they_are(tmp_path: Path) -> None:
    model = regressor(FRAME, BY_FRAME, **SETS)
    for done in (pickled(tmp_path, model), saved(tmp_path, model.booster_)):
        assert_answers_alike(done)
        weight, colour, size, _ = done.signature["features"]
        assert weight["name"] == "net_weight"
        assert [colour["kind"], colour["categories"], colour["nullable"]] == ["text", [], True]
        assert size["kind"] == "number"
        inputs = done.cases[-1]["inputs"]
        assert {"never seen", MISSING_TEXT, "red"} <= set(inputs["colour"]["data"])
        assert np.isnan(array_of(inputs["size"])).any()


def test_numbers_are_compared_in_double_precision(tmp_path: Path) -> None:
    """Seconds since 1970 differ by less than single precision tells apart."""
    seconds = 1.7e9 + np.arange(240.0)[:, None]
    np.save(tmp_path / "rows.npy", seconds)
    model = regressor(seconds, np.arange(240) % 16 > 7, n_estimators=20)
    done = saved(tmp_path, model.booster_, samples=str(tmp_path / "rows.npy"), rows=240)
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["dtype"] == "float64"
    assert len(np.unique(array_of(done.cases[-1]["outputs"]["prediction"]))) > 10


def test_an_objective_of_ones_own_gives_raw_scores_and_says_so(tmp_path: Path) -> None:
    def squares(scores: Any, data: Any) -> tuple[Any, Any]:
        return scores - data.get_label(), np.ones_like(scores)

    options = {"objective": squares, "verbose": -1, "min_data_in_leaf": 5}
    booster = lightgbm.train(options, lightgbm.Dataset(GAPS, NUMBER), 5)
    done = saved(tmp_path, booster)
    assert_answers_alike(done)
    assert "raw scores" in done.result["notes"][0]


def test_zero_that_is_missing_in_some_splits_alone_is_refused_by_name(tmp_path: Path) -> None:
    first = lightgbm.train({"verbose": -1}, lightgbm.Dataset(ZEROS, NUMBER), 3)
    options = {"verbose": -1, "zero_as_missing": True}
    both = lightgbm.train(options, lightgbm.Dataset(ZEROS, NUMBER), 3, init_model=first)
    assert "reads 0 as missing in feature" in saved(tmp_path, both).error["message"]


def test_an_unknown_objective_is_refused_by_name(tmp_path: Path) -> None:
    text = regressor(ROWS, NUMBER).booster_.model_to_string()
    (tmp_path / "model.txt").write_text(text.replace("objective=regression", "objective=moonphase", 1))
    assert "'moonphase'" in do(tmp_path / "job", tmp_path / "model.txt").error["message"]
