"""Perceptrons of several layers, in double precision: raw timestamps and prices go through the first sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.sklearn.own.nodes import Nodes

_HIDDEN = {"identity": "Identity", "logistic": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}
_LAST = {"identity": "Identity", "logistic": "Sigmoid", "softmax": "Softmax", "exp": "Exp"}


def regressor(nodes: Nodes, model: Any) -> None:
    nodes.give(_answer(nodes, model))


def classifier(nodes: Nodes, model: Any) -> None:
    found = _answer(nodes, model)
    if len(model.classes_) > 2:
        nodes.give_classes(found, model.classes_)
        return
    second = nodes.cast(nodes.shaped(nodes.add("Greater", found, np.float64(0.5)), -1), np.int64)
    nodes.give(nodes.named(second, model.classes_), 0)
    nodes.give(nodes.with_the_rest(found), 1)


def _answer(nodes: Nodes, model: Any) -> str:
    last = _LAST.get(model.out_activation_)
    if last is None:
        raise ConversionError(f"{type(model).__name__} ends in {model.out_activation_}, which is not known")
    kinds = [_HIDDEN[model.activation]] * (len(model.coefs_) - 1) + [last]
    value = nodes.doubles(nodes.given)
    for weights, bias, kind in zip(model.coefs_, model.intercepts_, kinds):
        summed = nodes.add("MatMul", value, np.asarray(weights, np.float64))
        summed = nodes.add("Add", summed, np.asarray(bias, np.float64))
        value = nodes.add(kind, summed, axis=1) if kind == "Softmax" else nodes.add(kind, summed)
    return value
