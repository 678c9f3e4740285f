"""The XGBoost converter: files in JSON and UBJSON, and estimators and boosters out of pickles."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.boosting.columns import read_columns
from packager.converters.boosting.ensemble import Ensemble
from packager.converters.boosting.source import BoostedSource, estimator_answers
from packager.converters.boosting.xgboost_categories import read_categories
from packager.converters.boosting.xgboost_model import Document, parse, read_document, read_ensemble
from packager.converters.detection import detect
from packager.converters.failure import ConversionError, SourceError, translated
from packager.converters.request import Request
from packager.converters.source import About
from packager.converters.tensors import Array

_ALL_ROUNDS = (0, 0)
_NUMBERED = "the classes are numbered from 0, as XGBoost numbers them"
_AFTER_THE_BEST = (
    "the file holds {more} rounds after the best one; they count, as they do in XGBoost's own Booster.predict"
)


def open_source(request: Request) -> BoostedSource:
    form = detect(request.source).form
    document = read_document(request.source, form)
    read_ensemble(document)  # what XGBoost would walk through unlooked
    import xgboost

    booster = xgboost.Booster()
    with translated(SourceError, f"XGBoost {xgboost.__version__} does not read {request.source.name}"):
        booster.load_model(bytearray(request.source.read_bytes()))
    notes, rounds = [], None
    best = _best_round(document.attributes)
    if best is not None and "scikit_learn" in document.attributes:
        rounds = best
    model = read_ensemble(document, rounds)
    if best is not None and rounds is None and best < model.rounds:
        notes.append(_AFTER_THE_BEST.format(more=model.rounds - best))
    if model.gives != "prediction":
        notes.append(_NUMBERED)
    ask = _booster_answers(booster, model, _ALL_ROUNDS if rounds is None else (0, rounds))
    return _source(model, document, "Booster", ask, request).noted(notes)


def from_pickle(opened: Any, loads: tuple[str, ...], request: Request) -> BoostedSource:
    """``opened``: an estimator of XGBoost's scikit-learn interface, or a booster."""
    import xgboost

    if isinstance(opened, xgboost.Booster):
        document = booster_document(opened)
        model = read_ensemble(document)
        notes = (_NUMBERED,) if model.gives != "prediction" else ()
        ask = _booster_answers(opened, model, _ALL_ROUNDS)
        return _source(model, document, "Booster", ask, request).noted(notes, loads)
    document = booster_document(opened.get_booster())
    model = estimator_ensemble(opened)
    classes = _classes(opened, model)
    kind = type(opened).__name__
    ask = estimator_answers(opened, model)
    return _source(model, document, kind, ask, request, classes).noted((), loads)


def booster_document(booster: Any) -> Document:
    return parse(booster.save_raw("ubj"), "xgboost_ubj", "the model")


def estimator_ensemble(estimator: Any) -> Ensemble:
    """What the estimator's ``predict`` uses: the rounds up to the best, its mark of a missing value."""
    document = booster_document(estimator.get_booster())
    model = read_ensemble(document, _best_round(document.attributes))
    missing = float(np.nan if estimator.missing is None else estimator.missing)
    model = replace(model, missing=missing)
    return _as_the_estimator_says(estimator, model)


def has_categories(estimator: Any) -> bool:
    document = booster_document(estimator.get_booster())
    names = document.feature_names or ("",) * len(document.feature_types)
    return "c" in document.feature_types and bool(read_categories(document, names)[0])


def _as_the_estimator_says(estimator: Any, model: Ensemble) -> Ensemble:
    kind = type(estimator).__name__
    if not hasattr(estimator, "predict_proba"):
        if model.gives == "classes" and model.objective == "multi:softmax":
            raise ConversionError(
                f"{kind} with the objective multi:softmax answers the number of a class as a quantity",
                hint="train an XGBClassifier",
            )
        return replace(model, gives="prediction")
    if model.gives == "label":
        return model
    if model.link == "softmax" or (model.link == "sigmoid" and model.outputs == 1):
        return replace(model, gives="classes")
    if model.outputs > 1:
        raise ConversionError(
            f"{kind} decides several targets at once, which is not supported",
            hint="save one classifier for each target",
        )
    raise ConversionError(
        f"{kind} with the objective {model.objective} gives no probabilities",
        hint="train it with binary:logistic or multi:softprob",
    )


def _best_round(attributes: Mapping[str, str]) -> int | None:
    """How many rounds there are up to the best one, if training stopped early."""
    said = attributes.get("best_iteration")
    if said is None:
        return None
    try:
        best = int(said)
    except ValueError:
        best = -1
    if best < 0:
        raise SourceError(f"The XGBoost model is damaged: its best round is {said[:20]!r}")
    return best + 1


def _classes(estimator: Any, model: Ensemble) -> tuple[Any, ...]:
    if model.gives == "prediction":
        return ()
    return tuple(value.item() if isinstance(value, np.generic) else value for value in estimator.classes_)


def _source(
    model: Ensemble,
    document: Document,
    kind: str,
    ask: Callable[[Any], Mapping[str, Array]],
    request: Request,
    classes: tuple[Any, ...] | None = None,
) -> BoostedSource:
    import xgboost

    names = document.feature_names or tuple(f"x{at}" for at in range(model.features))
    if len(names) != model.features:
        raise SourceError(f"The XGBoost model names {len(names)} features and takes {model.features}")
    categories, more = read_categories(document, names)
    columns = read_columns(names, categories, "float32", refuses_unknown=True)
    if classes is None:
        classes = () if model.gives == "prediction" else tuple(range(max(2, model.outputs)))
    about = About(
        framework="xgboost",
        framework_version=xgboost.__version__,
        written_by=document.version,
        description=model.described(kind),
    )
    return BoostedSource(model, columns, classes, ask, about, request, more)


def _booster_answers(
    booster: Any, model: Ensemble, rounds: tuple[int, int]
) -> Callable[[Any], Mapping[str, Array]]:
    """A booster gives probabilities of the second class, or of all; the decision is the estimator's."""

    def ask(given: Any) -> Mapping[str, Array]:
        import xgboost

        types = booster.feature_types if isinstance(given, np.ndarray) else None
        names = booster.feature_names
        table = xgboost.DMatrix(given, enable_categorical=True, feature_names=names, feature_types=types)
        value = np.asarray(booster.predict(table, iteration_range=rounds))
        if model.gives == "prediction":
            return {"prediction": value}
        if model.gives == "label":
            return {"label": value.astype(np.int64)}
        if model.objective == "multi:softmax":
            margins = np.asarray(booster.predict(table, iteration_range=rounds, output_margin=True))
            raised = np.exp(margins - margins.max(axis=1, keepdims=True))
            return {
                "label": value.astype(np.int64),
                "probabilities": raised / raised.sum(axis=1, keepdims=True),
            }
        if model.outputs == 1:
            value = np.stack([1 - value, value], axis=1)
        return {"label": value.argmax(axis=1), "probabilities": value}

    return ask
