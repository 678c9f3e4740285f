"""Naive Bayes over bell curves, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes


def classifier(nodes: Nodes, model: Any) -> None:
    spread = np.asarray(getattr(model, "var_", None) if hasattr(model, "var_") else model.sigma_, np.float64)
    centres = np.asarray(model.theta_, np.float64)
    value = nodes.add("Unsqueeze", nodes.doubles(nodes.given), np.array([1], np.int64))
    away = nodes.add("Sub", value, centres[None])
    near = nodes.total(nodes.add("Div", nodes.add("Mul", away, away), 2 * spread[None]), 2, keep=False)
    known = np.log(model.class_prior_) - 0.5 * np.log(2 * np.pi * spread).sum(axis=1)
    chances = nodes.add("Softmax", nodes.add("Sub", known[None], near), axis=1)
    nodes.give_classes(chances, model.classes_)
