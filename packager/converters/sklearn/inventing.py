"""Rows made from the signature and from what the model learned: categories, scales, split values."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.rows import Rows
from packager.converters.signature import MISSING_TEXT, Feature
from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.parts import Reader, kind_of, readers, walk
from packager.converters.tensors import Array

_WORDS = ("", "good", "Very bad!", "ünïcode naïve", "the quick brown fox 42", "same same same")
_BETWEEN = (" ", " a ", ", ", "  ", ". ", "\n", " 7 ")
_MISSING_SHARE = 0.1


DOMAINS = ("any", "positive", "whole")
"""Which numbers a model takes: some refuse those below zero, or all but whole ones."""


def invent(model: Any, columns: Columns, count: int, seed: int, domain: str = "any") -> Rows:
    """Every value is exact in float32, so that a difference is the conversion's and not the rounding's."""
    random = np.random.default_rng(seed)
    if columns.texts:
        return Rows({"text": _texts(model, count, random)})
    met: dict[int, list[Reader]] = {}
    for reader in readers(model, columns.places):
        met.setdefault(reader.column, []).append(reader)
    return Rows(
        {
            feature.name: _within(domain, _values(feature, met.get(at, []), count, random))
            for at, feature in enumerate(columns.features)
        }
    )


def _within(domain: str, values: Array) -> Array:
    if domain == "any" or values.dtype.kind != "f":
        return values
    size = np.abs(values)
    return np.floor(size) if domain == "whole" else size + np.float64(np.float32(1e-3)) * (size == 0)


def _texts(model: Any, count: int, random: np.random.Generator) -> Array:
    """Words that the model knows, with single letters, marks and gaps between them; and some others."""
    known = sorted({str(term) for part in walk(model) for term in getattr(part, "vocabulary_", ())})
    made = [
        str(random.choice(_BETWEEN)).join(random.choice(known, random.integers(1, 7)).tolist())
        for _ in range(count if known else 0)
    ]
    return np.array([*_WORDS, *made][:count], dtype=object)


def _values(feature: Feature, met: list[Reader], count: int, random: np.random.Generator) -> Array:
    known = list(feature.categories) or [value for reader in met for value in _categories(reader)]
    if feature.kind == "boolean":
        return random.choice(np.array([False, True]), count)
    if feature.kind == "text":
        words = [value for value in known if isinstance(value, str)] or list(_WORDS)
        others = ([] if feature.categories else [""]) + [MISSING_TEXT]
        return random.choice(np.array([*words, *(others if feature.nullable else [])], dtype=object), count)
    if feature.kind == "integer":
        return random.choice(np.array(known, dtype=np.int64), count)
    values = _numbers(met, known, count, random)
    if feature.nullable:
        values[random.random(count) < _MISSING_SHARE] = np.nan
    return values


def _categories(reader: Reader) -> list[Any]:
    """What an encoder learned for the column, and one value it never saw if it is lenient about those."""
    if not hasattr(reader.estimator, "categories_"):
        return []
    known = [
        value.item() if isinstance(value, np.generic) else value
        for value in reader.estimator.categories_[reader.place]
    ]
    if getattr(reader.estimator, "handle_unknown", "error") == "error" or not known:
        return known
    unseen = "never seen" if isinstance(known[0], str) else _largest(known)
    return [*known, unseen]


def _largest(known: list[Any]) -> Any:
    numbers = [value for value in known if isinstance(value, (int, float)) and np.isfinite(value)]
    return (max(numbers) + 1) if numbers else 1


def _numbers(met: list[Reader], known: list[Any], count: int, random: np.random.Generator) -> Array:
    finite = [float(value) for value in known if value is not None and np.isfinite(float(value))]
    if finite:
        return random.choice(np.array(finite), count).astype(np.float32).astype(np.float64)
    seen = _seen(met)
    if len(seen):
        return random.choice(seen, count).astype(np.float32).astype(np.float64)
    center, spread = _scale(met)
    values = random.normal(center, spread, count).astype(np.float32)
    splits = _splits(met)
    if len(splits):
        values = _at_splits(values, splits, random)
    return values.astype(np.float64)


def _seen(met: list[Reader]) -> Array:
    """The training data's own values, where others fail, or where what is equally near decides."""
    for reader in met:
        if kind_of(reader.estimator) == "CategoricalNB":
            return np.arange(float(reader.estimator.n_categories_[reader.place]))
        if kind_of(reader.estimator) == "KNNImputer":
            column = np.asarray(reader.estimator._fit_X, np.float64)[:, reader.place]
            return column[np.isfinite(column)]
    return np.array([])


def _scale(met: list[Reader]) -> tuple[float, float]:
    for reader in met:
        estimator, at = reader.estimator, reader.place
        if kind_of(estimator) == "StandardScaler" and estimator.mean_ is not None:
            spread = 1.0 if estimator.scale_ is None else float(estimator.scale_[at])
            return float(estimator.mean_[at]), spread
        if kind_of(estimator) == "MinMaxScaler":
            low, high = float(estimator.data_min_[at]), float(estimator.data_max_[at])
            return (low + high) / 2, (high - low) / 4 or 1.0
        if kind_of(estimator) == "RobustScaler" and estimator.center_ is not None:
            return float(estimator.center_[at]), 1.0 if estimator.scale_ is None else float(
                estimator.scale_[at]
            )
        estimator = getattr(estimator, "initial_imputer_", None) or estimator
        if kind_of(estimator) == "SimpleImputer":
            center = float(np.asarray(estimator.statistics_, dtype=np.float64)[at])
            return (center, max(1.0, abs(center) / 2)) if np.isfinite(center) else (0.0, 1.0)
    splits = _splits(met)
    if len(splits):
        return float(np.mean(splits)), float(np.std(splits)) or 1.0
    return _learned_range(met)


def _learned_range(met: list[Reader]) -> tuple[float, float]:
    """Neighbours, support vectors and cluster centres lie where the data lay."""
    for reader in met:
        for name in (
            "_fit_X",
            "support_vectors_",
            "cluster_centers_",
            "subcluster_centers_",
            "centroids_",
            "means_",
            "theta_",
        ):
            points = getattr(reader.estimator, name, None)
            if isinstance(points, np.ndarray) and points.ndim == 2 and points.shape[1] > reader.place:
                column = points[:, reader.place].astype(np.float64)
                column = column[np.isfinite(column)]
                return (float(column.mean()), float(column.std()) or 1.0) if len(column) else (0.0, 1.0)
    return 0.0, 1.0


def _splits(met: list[Reader]) -> Array:
    from packager.converters.sklearn.trees import split_values

    found = [split_values(reader.estimator, reader.place) for reader in met]
    return np.unique(np.concatenate(found)) if found else np.array([])


def _at_splits(values: Array, splits: Array, random: np.random.Generator) -> Array:
    """Half of the rows lie on a split value, or one step of float32 beside it."""
    count = len(values)
    near = random.choice(splits, count).astype(np.float32)
    step = random.integers(-1, 2, count)
    toward = np.where(step < 0, np.float32(-np.inf), np.float32(np.inf))
    near = np.where(step == 0, near, np.nextafter(near, toward))
    return np.where(random.random(count) < 0.5, near, values).astype(np.float32)
