"""Encoders that we write ourselves: rare, dropped, unknown and missing ones, means of targets."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from lightgbm import LGBMClassifier
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from tests.converters.sklearn.own.models import shown

COUNT = 400
RANDOM = np.random.default_rng(5)
TABLE = pandas.DataFrame(
    {
        "city": RANDOM.choice(
            ["Köln", "東京", "Oslo", "Bern", "Pisa"], COUNT, p=[0.5, 0.3, 0.15, 0.04, 0.01]
        ),
        "floor": RANDOM.choice([0, 1, 2, 7, 9], COUNT, p=[0.5, 0.3, 0.15, 0.04, 0.01]),
        "seen": 1.7e9 + RANDOM.integers(0, 10**7, COUNT).astype(float),
        "place": np.round(52.5 + RANDOM.normal(0, 0.01, COUNT), 7),
    }
)
SCORE = (TABLE["city"] == "Oslo") * 2 + (TABLE["seen"] - 1.705e9) / 2e6 + (TABLE["place"] - 52.5) * 150
TWO = np.where(SCORE + RANDOM.normal(0, 0.5, COUNT) > 0, "yes", "no")
THREE = np.digitize(SCORE, [-1.0, 1.0])
RARE: dict[str, dict[str, Any]] = {
    "unknown ones are rare": {"handle_unknown": "infrequent_if_exist"},
    "unknown ones are ignored": {"handle_unknown": "ignore"},
    "the first is dropped": {"handle_unknown": "infrequent_if_exist", "drop": "first"},
    "the others alone": {"handle_unknown": "infrequent_if_exist", "max_categories": 3},
}


@pytest.mark.parametrize("name", sorted(RARE))
def test_rare_categories_share_a_column(name: str, tmp_path: Path) -> None:
    encoder = OneHotEncoder(min_frequency=20, **RARE[name])
    columns = make_column_transformer((encoder, ["city", "floor"]), (StandardScaler(), ["seen", "place"]))
    shown(tmp_path, make_pipeline(columns, LogisticRegression()), TABLE, TWO)


def test_rare_numbers_and_gaps_share_a_column(tmp_path: Path) -> None:
    rows = np.stack([TABLE["floor"], np.where(TABLE["floor"] == 2, np.nan, TABLE["floor"])], axis=1)
    encoder = OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist")
    shown(tmp_path, make_pipeline(encoder, LogisticRegression()), rows.astype(float), TWO)


@pytest.mark.parametrize("target", [TWO, THREE, SCORE.to_numpy()], ids=["two", "three", "numbers"])
def test_means_of_the_target_stand_for_categories(target: Any, tmp_path: Path) -> None:
    encoder = TargetEncoder(random_state=0)
    columns = make_column_transformer((encoder, ["city", "floor"]), ("passthrough", ["seen", "place"]))
    last = HistGradientBoostingRegressor if target.dtype.kind == "f" else HistGradientBoostingClassifier
    shown(tmp_path, make_pipeline(columns, last(max_iter=10)), TABLE, target)


def test_means_of_texts_alone(tmp_path: Path) -> None:
    model = make_pipeline(TargetEncoder(random_state=0), HistGradientBoostingClassifier(max_iter=10))
    shown(tmp_path, model, TABLE[["city"]], TWO)


def test_boosting_behind_an_encoder_sees_all_digits_of_a_time(tmp_path: Path) -> None:
    columns = make_column_transformer((OrdinalEncoder(), ["city"]), ("passthrough", ["seen", "place"]))
    shown(tmp_path, make_pipeline(columns, LGBMClassifier(n_estimators=30, verbose=-1)), TABLE, TWO)


def test_several_boosted_targets_see_all_digits_of_a_time(tmp_path: Path) -> None:
    model = MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=20))
    shown(tmp_path, model, TABLE[["seen", "place"]], np.stack([SCORE, -SCORE * 1e6], axis=1))


@pytest.mark.parametrize("encode", ["onehot", "onehot-dense", "ordinal"])
def test_bins_stand_beside_other_steps(encode: str, tmp_path: Path) -> None:
    bins = KBinsDiscretizer(4, encode=encode, quantile_method="averaged_inverted_cdf")
    columns = make_column_transformer((bins, ["seen", "place"]), (TargetEncoder(random_state=0), ["city"]))
    shown(tmp_path, make_pipeline(columns, HistGradientBoostingClassifier(max_iter=10)), TABLE, TWO)
