"""Classifiers made of others: votes, bags, calibration, one against the rest, thresholds of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.own.scored import label_by_scores
from packager.converters.sklearn.own.scores import has_scores, scores
from packager.converters.sklearn.parts import inside, kind_of

_MARGIN, _MARGIN_IN_DOUBLE = 2e-6, 1e-9


def voting(nodes: Nodes, model: Any) -> None:
    weights = model._weights_not_none or [1.0] * len(model.estimators_)
    soft = model.voting == "soft"
    each = []
    for part, weight in zip(model.estimators_, weights):
        if soft:
            said = nodes.doubles(nodes.probabilities(part, nodes.given))
        else:
            said = _vote(nodes, part, nodes.given, len(model.classes_))
        each.append(nodes.add("Mul", said, np.float64(weight / np.sum(weights))))
    nodes.give_classes(nodes.summed(each), model.classes_)


def bagging(nodes: Nodes, model: Any) -> None:
    each, value = [], nodes.given
    for part, columns in zip(model.estimators_, model.estimators_features_):
        taken = nodes.add("Gather", value, np.asarray(columns, np.int64), axis=1)
        if hasattr(part, "predict_proba"):
            said = nodes.doubles(nodes.probabilities(part, taken))
            if len(part.classes_) < len(model.classes_):
                said = nodes.add(
                    "MatMul", said, np.eye(len(model.classes_))[np.asarray(part.classes_, np.int64)]
                )
        else:
            said = _vote(nodes, part, taken, len(model.classes_))
        each.append(said)
    nodes.give_classes(nodes.add("Div", nodes.summed(each), np.float64(len(each))), model.classes_)


def _vote(nodes: Nodes, part: Any, value: str, count: int) -> str:
    """One for the class that it decides for, by place."""
    part = inside(part)
    if not hasattr(part, "predict_proba") and has_scores(part):
        label = label_by_scores(nodes, part, value, part.classes_)
    else:
        label = nodes.label(part, value)
    return nodes.add("Gather", np.eye(count), label, axis=0)


def one_against_the_rest(nodes: Nodes, model: Any) -> None:
    each = [
        nodes.column(nodes.doubles(nodes.probabilities(part, nodes.given)), 1) for part in model.estimators_
    ]
    if len(each) == 1:
        nodes.give_classes(nodes.with_the_rest(each[0]), model.classes_)
        return
    nodes.give_classes(nodes.normalised(nodes.add("Concat", *each, axis=1), "l1"), model.classes_)


def calibrated(nodes: Nodes, model: Any) -> None:
    each = [_calibrated(nodes, part, nodes.given) for part in model.calibrated_classifiers_]
    nodes.give_classes(nodes.add("Div", nodes.summed(each), np.float64(len(each))), model.classes_)


def _calibrated(nodes: Nodes, part: Any, value: str) -> str:
    count = len(part.classes)
    calibrators = getattr(part, "calibrators", None) or part.calibrators_
    found = _response(nodes, part.estimator, value, count)
    columns = [
        _curve(nodes, calibrator, nodes.column(found, at) if count > 2 else found)
        for at, calibrator in enumerate(calibrators)
    ]
    if count == 2:
        return nodes.with_the_rest(columns[0])
    together = nodes.add("Concat", *columns, axis=1)
    total = nodes.total(together, 1)
    nothing = nodes.add("Equal", total, np.float64(0))
    shares = nodes.add("Div", together, nodes.chosen(nothing, np.float64(1), total))
    return nodes.chosen(nothing, np.float64(1 / count), shares)


def _response(nodes: Nodes, estimator: Any, value: str, count: int) -> str:
    if hasattr(estimator, "decision_function"):
        return scores(nodes, estimator, value)
    chances = nodes.doubles(nodes.probabilities(estimator, value))
    return nodes.column(chances, 1) if count == 2 else chances


def _curve(nodes: Nodes, calibrator: Any, value: str) -> str:
    kind = kind_of(calibrator)
    if kind == "_SigmoidCalibration":
        line = nodes.add("Add", nodes.add("Mul", value, np.float64(calibrator.a_)), np.float64(calibrator.b_))
        return nodes.add("Sigmoid", nodes.add("Neg", line))
    if kind == "IsotonicRegression":
        return steps(nodes, calibrator, value)
    raise ConversionError(f"CalibratedClassifierCV calibrates by {kind}, which has no form in the graph")


def steps(nodes: Nodes, model: Any, value: str) -> str:
    """An isotonic regression: straight lines between its thresholds, level outside of them."""
    places, heights = np.asarray(model.X_thresholds_, np.float64), np.asarray(model.y_thresholds_, np.float64)
    if len(places) == 1:
        return nodes.add("Add", nodes.add("Mul", value, np.float64(0)), np.float64(heights[0]))
    held = nodes.add("Min", nodes.add("Max", value, np.float64(places[0])), np.float64(places[-1]))
    passed = nodes.doubles(nodes.add("GreaterOrEqual", held, places[None, 1:]))
    at = nodes.cast(nodes.total(passed, 1), np.int64)
    at = nodes.add("Min", at, np.int64(len(places) - 2))
    slopes = np.diff(heights) / np.diff(places)
    along = nodes.add("Sub", held, nodes.add("Gather", places, at, axis=0))
    rise = nodes.add("Mul", along, nodes.add("Gather", slopes, at, axis=0))
    return nodes.add("Add", rise, nodes.add("Gather", heights, at, axis=0))


def isotonic(nodes: Nodes, model: Any) -> None:
    nodes.give(steps(nodes, model, nodes.doubles(nodes.given)))


def threshold(nodes: Nodes, model: Any) -> None:
    """The class is that of the inner model's score on one side of a bound."""
    inner, classes = model.estimator_, model.classes_
    bound = getattr(model, "best_threshold_", None)
    bound = model.threshold if bound is None else bound
    by_chance = hasattr(inner, "predict_proba") and model.response_method != "decision_function"
    label = getattr(model, "pos_label", None)
    if label is None and hasattr(model, "_curve_scorer"):
        label = model._curve_scorer._get_pos_label()
    wanted = 1 if label is None else int(np.flatnonzero(np.asarray(inner.classes_) == label)[0])
    chances = (
        nodes.doubles(nodes.probabilities(inner, nodes.given)) if hasattr(inner, "predict_proba") else None
    )
    if by_chance and chances is not None:
        found, bound = nodes.column(chances, wanted), 0.5 if bound == "auto" else bound
    else:
        found, bound = scores(nodes, inner, nodes.given), 0.0 if bound == "auto" else bound
        found = found if wanted else nodes.add("Neg", found)
    margin = _MARGIN_IN_DOUBLE if nodes.is_in_double(inner) else _MARGIN
    above = nodes.cast(nodes.add("GreaterOrEqual", found, np.float64(bound - margin)), np.int64)
    place = above if wanted else nodes.add("Sub", np.int64(1), above)
    nodes.give(nodes.named(nodes.shaped(place, -1), classes), 0)
    nodes.give(found if chances is None else chances, 1)
