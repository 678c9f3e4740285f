"""The LightGBM converter: files of text, and estimators and boosters out of pickles."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.boosting.columns import read_columns
from packager.converters.boosting.ensemble import Ensemble
from packager.converters.boosting.lightgbm_model import read_ensemble
from packager.converters.boosting.lightgbm_text import Text, parse, read_text
from packager.converters.boosting.source import BoostedSource, estimator_answers
from packager.converters.failure import ConversionError, SourceError, translated
from packager.converters.request import Request
from packager.converters.source import About
from packager.converters.tensors import Array

_NUMBERED = "the classes are numbered from 0, as LightGBM numbers them"
_CODED = (
    "the model was trained on a data frame with categories, and the file does not say which columns "
    "have them: give their codes 0, 1, …"
)
_RAW = "the model's objective is a function of its own: the answers are raw scores"


def open_source(request: Request) -> BoostedSource:
    text = read_text(request.source)
    model = read_ensemble(text)
    import lightgbm

    with translated(SourceError, f"LightGBM {lightgbm.__version__} does not read {request.source.name}"):
        booster = lightgbm.Booster(model_file=str(request.source))
    return _from_booster(booster, text, model, request)


def from_pickle(opened: Any, loads: tuple[str, ...], request: Request) -> BoostedSource:
    """``opened``: an estimator of LightGBM's scikit-learn interface, or a booster."""
    import lightgbm

    if isinstance(opened, lightgbm.Booster):
        text = booster_text(opened)
        return _from_booster(opened, text, read_ensemble(text), request, loads)
    text, model = booster_text(opened.booster_), estimator_ensemble(opened)
    classes = () if model.gives == "prediction" else _plain(opened.classes_)
    return _source(
        model, text, type(opened).__name__, estimator_answers(opened, model), request, loads, classes
    )


def booster_text(booster: Any) -> Text:
    """As it predicts: up to the best round if training stopped early."""
    return parse(booster.model_to_string(), "the model")


def estimator_ensemble(estimator: Any) -> Ensemble:
    model = read_ensemble(booster_text(estimator.booster_))
    if not hasattr(estimator, "predict_proba"):
        return replace(model, gives="prediction")
    if model.link not in ("sigmoid", "softmax"):
        raise ConversionError(
            f"{type(estimator).__name__} with the objective {model.objective or 'custom'!r} gives no "
            "probabilities",
            hint="train it with binary, multiclass or multiclassova",
        )
    return replace(model, gives="classes")


def has_categories(estimator: Any) -> bool:
    return bool(estimator.booster_.pandas_categorical)


def _plain(values: Any) -> tuple[Any, ...]:
    return tuple(value.item() if isinstance(value, np.generic) else value for value in values)


def _from_booster(
    booster: Any, text: Text, model: Ensemble, request: Request, loads: tuple[str, ...] = ()
) -> BoostedSource:
    classes = () if model.gives == "prediction" else tuple(range(max(2, model.outputs)))
    return _source(model, text, "Booster", _booster_answers(booster, model), request, loads, classes)


def _source(
    model: Ensemble,
    text: Text,
    kind: str,
    ask: Callable[[Any], Mapping[str, Array]],
    request: Request,
    loads: tuple[str, ...],
    classes: tuple[Any, ...],
) -> BoostedSource:
    import lightgbm

    categories, notes = _categories(text)
    columns = read_columns(text.feature_names, categories, "float64", refuses_unknown=False)
    if kind == "Booster" and model.gives != "prediction":
        notes = (*notes, _NUMBERED)
    if model.objective in ("", "custom"):
        notes = (*notes, _RAW)
    about = About(
        framework="lightgbm",
        framework_version=lightgbm.__version__,
        written_by=None,
        description=model.described(kind),
        loads=loads,
    )
    return BoostedSource(model, columns, classes, ask, about, request, notes)


def _categories(text: Text) -> tuple[dict[int, tuple[Any, ...]], tuple[str, ...]]:
    """LightGBM keeps the categories of a data frame's columns in order, but not which columns they are."""
    known = text.pandas_categories
    if not known:
        return {}, ()
    places = [at for at, info in enumerate(text.feature_infos) if ":" in info and not info.startswith("[")]
    if len(places) != len(known):
        return {}, (_CODED,)
    return dict(zip(places, known, strict=True)), ()


def _booster_answers(booster: Any, model: Ensemble) -> Callable[[Any], Mapping[str, Array]]:
    def ask(given: Any) -> Mapping[str, Array]:
        value = np.asarray(booster.predict(given))
        if model.gives == "prediction":
            return {"prediction": value}
        if model.outputs == 1:
            value = np.stack([1 - value, value], axis=1)
        return {"label": value.argmax(axis=1), "probabilities": value}

    return ask
