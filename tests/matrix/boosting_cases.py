"""XGBoost and LightGBM: native files, pickles, and inside scikit-learn's pipelines."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.matrix.case import Case, Files
from tests.matrix.sklearn_making import scaled
from tests.matrix.wine import given, number, positive, two_classes, wine, with_gaps

Train = Callable[[Any, Any], Any]
Row = tuple[str, Train, str, dict[str, Any]]


def _case(
    framework: str, name: str, train: Train, file: str, data: Any = None, target: Any = None, **changes: Any
) -> Case:
    """``train`` gives an estimator or a booster; ``file`` says how it is saved."""

    def make(folder: Path) -> Files:
        rows, classes = wine()
        taken = rows if data is None else data(rows)
        model = train(taken, classes if target is None else target(rows, classes))
        _save(model, folder / file)
        return given(folder / file, taken)

    return Case(framework, name, make, **changes)


def _save(model: Any, path: Path) -> None:
    if path.suffix in (".joblib", ".pkl"):
        import joblib

        joblib.dump(model, path)
    else:
        getattr(model, "booster_", model).save_model(str(path))


def _xgb(name: str, **options: Any) -> Train:
    def train(rows: Any, target: Any) -> Any:
        import xgboost

        return getattr(xgboost, name)(n_estimators=20, max_depth=3, n_jobs=1, **options).fit(rows, target)

    return train


def _lgbm(name: str, **options: Any) -> Train:
    def train(rows: Any, target: Any) -> Any:
        import lightgbm

        made = getattr(lightgbm, name)(n_estimators=20, min_child_samples=5, n_jobs=1, verbose=-1, **options)
        fitting = {"group": [60, 60, 58]} if name == "LGBMRanker" else {}
        return made.fit(rows, target, **fitting)

    return train


def _lgbm_categories(rows: Any, target: Any) -> Any:
    import lightgbm

    made = lightgbm.LGBMClassifier(n_estimators=20, min_child_samples=5, n_jobs=1, verbose=-1)
    return made.fit(rows, target, categorical_feature=[0])


def _scaled(train: Callable[[], Any]) -> Train:
    def fit(rows: Any, target: Any) -> Any:
        return scaled(train()).fit(rows, target)

    return fit


def _xgb_alone() -> Any:
    import xgboost

    return xgboost.XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1)


def _lgbm_alone() -> Any:
    import lightgbm

    return lightgbm.LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1)


def _categories(rows: Any) -> Any:
    return np.column_stack([np.random.default_rng(0).integers(0, 9, len(rows)), rows])


def _count(rows: Any, _classes: Any) -> Any:
    return np.floor(np.exp(rows[:, 6] - 1))


XGBOOST: list[Row] = [
    ("classifier of three (.json)", _xgb("XGBClassifier"), "model.json", {}),
    ("classifier of two (.ubj)", _xgb("XGBClassifier"), "model.ubj", {"target": two_classes}),
    ("classifier with gaps (.joblib)", _xgb("XGBClassifier"), "model.joblib", {"data": with_gaps}),
    ("regressor (.json)", _xgb("XGBRegressor"), "model.json", {"target": number}),
    (
        "regressor poisson (.ubj)",
        _xgb("XGBRegressor", objective="count:poisson"),
        "model.ubj",
        {"target": _count},
    ),
    (
        "regressor gamma (.json)",
        _xgb("XGBRegressor", objective="reg:gamma"),
        "model.json",
        {"target": positive},
    ),
    (
        "dart (.json)",
        _xgb("XGBClassifier", booster="dart", rate_drop=0.2),
        "model.json",
        {"target": two_classes},
    ),
    (
        "gblinear (.json)",
        _xgb("XGBRegressor", booster="gblinear", verbosity=0),
        "model.json",
        {"target": number},
    ),
    ("random forest (.ubj)", _xgb("XGBRFClassifier"), "model.ubj", {"target": two_classes}),
    ("after a scaler (.joblib)", _scaled(_xgb_alone), "model.joblib", {}),
]
LIGHTGBM: list[Row] = [
    ("classifier of three (.txt)", _lgbm("LGBMClassifier"), "model.txt", {}),
    ("classifier of two (.joblib)", _lgbm("LGBMClassifier"), "model.joblib", {"target": two_classes}),
    ("classifier with gaps (.txt)", _lgbm("LGBMClassifier"), "model.txt", {"data": with_gaps}),
    ("classifier with categories (.txt)", _lgbm_categories, "model.txt", {"data": _categories}),
    ("regressor (.txt)", _lgbm("LGBMRegressor"), "model.txt", {"target": number}),
    (
        "regressor tweedie (.txt)",
        _lgbm("LGBMRegressor", objective="tweedie"),
        "model.txt",
        {"target": positive},
    ),
    ("dart (.txt)", _lgbm("LGBMClassifier", boosting_type="dart"), "model.txt", {"target": two_classes}),
    (
        "random forest (.txt)",
        _lgbm("LGBMClassifier", boosting_type="rf", bagging_freq=1, bagging_fraction=0.7),
        "model.txt",
        {"target": two_classes},
    ),
    (
        "one class against the others (.txt)",
        _lgbm("LGBMClassifier", objective="multiclassova"),
        "model.txt",
        {},
    ),
    ("ranker (.txt)", _lgbm("LGBMRanker"), "model.txt", {}),
    ("after a scaler (.joblib)", _scaled(_lgbm_alone), "model.joblib", {}),
]
CASES = [
    *(_case("XGBoost", name, train, file, **more) for name, train, file, more in XGBOOST),
    *(_case("LightGBM", name, train, file, **more) for name, train, file, more in LIGHTGBM),
    _case("XGBoost", "classifier of three (.json)", _xgb("XGBClassifier"), "model.json", format="tflite"),
    _case(
        "LightGBM", "regressor (.txt)", _lgbm("LGBMRegressor"), "model.txt", target=number, format="tflite"
    ),
]
