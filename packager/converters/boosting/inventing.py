"""Rows that reach what a boosted model decides by: split values, their neighbours, gaps, categories."""

from typing import Any

import numpy as np

from packager.converters.boosting.columns import Columns
from packager.converters.boosting.ensemble import Ensemble
from packager.converters.rows import Rows
from packager.converters.signature import MISSING_TEXT, NUMPY_TYPES, Feature
from packager.converters.tensors import Array

_MISSING_SHARE, _AT_SPLITS_SHARE, _ZERO_SHARE = 0.1, 0.5, 0.05
_LARGEST_SINGLE = float(np.finfo(np.float32).max) / 4


def invent(model: Ensemble, columns: Columns, count: int, seed: int) -> Rows:
    random = np.random.default_rng(seed)
    splits = _decisive(model)
    return Rows(
        {
            feature.name: _values(splits[at], columns, at, count, random)
            for at, feature in enumerate(columns.features)
        }
    )


def every_split(model: Ensemble, columns: Columns, most: int, seed: int) -> Rows:
    """For every split value three rows, on it and on both sides; ``most`` of them, chosen by ``seed``."""
    random = np.random.default_rng(seed)
    splits = _decisive(model)
    places: list[tuple[int, float]] = []
    for at, feature in enumerate(columns.features):
        if feature.kind == "number" and at not in columns.categories:
            edges = _edges(splits[at], columns.dtype)
            places.extend((at, float(value)) for value in edges)
    if len(places) > most:
        places = [places[at] for at in random.choice(len(places), most, replace=False)]
    rows = invent(model, columns, max(1, len(places)), seed)
    for row, (at, value) in enumerate(places):
        rows.columns[columns.features[at].name][row] = value
    return rows


def _decisive(model: Ensemble) -> list[Array]:
    return [np.zeros(0)] * model.features if model.trees is None else model.trees.decisive(model.features)


def _edges(values: Array, dtype: str) -> Array:
    """The values as the input's type knows them, with the next lower and the next higher of each."""
    kind = NUMPY_TYPES[dtype]
    limited = values[np.abs(values) < _LARGEST_SINGLE].astype(kind)
    around = (np.nextafter(limited, kind.type(-np.inf)), limited, np.nextafter(limited, kind.type(np.inf)))
    return np.concatenate(around).astype(np.float64)


def _values(splits: Array, columns: Columns, at: int, count: int, random: np.random.Generator) -> Array:
    known = columns.categories.get(at)
    if known is not None:
        return _categories(known, columns.features[at], count, random)
    finite = splits[np.abs(splits) < _LARGEST_SINGLE]
    center, spread = (float(np.mean(finite)), float(np.std(finite)) or 1.0) if len(finite) else (0.0, 1.0)
    values = random.normal(center, spread, count).astype(np.float32).astype(np.float64)
    edges = _edges(splits, columns.dtype)
    if len(edges):
        values = _mixed(values, random.choice(edges, count), _AT_SPLITS_SHARE, random)
    values = _mixed(values, np.zeros(count), _ZERO_SHARE, random)
    return _mixed(values, np.full(count, np.nan), _MISSING_SHARE, random)


def _categories(known: tuple[Any, ...], feature: Feature, count: int, random: np.random.Generator) -> Array:
    """Those that the model knows; where it takes any, one that it does not, and none at all."""
    if feature.kind == "text":
        others = ([] if feature.categories else ["never seen"]) + ([MISSING_TEXT] if feature.nullable else [])
        return random.choice(np.array([*known, *others], dtype=object), count)
    if feature.kind == "integer":
        return random.choice(np.array(known, dtype=np.int64), count)
    return random.choice(np.array([*known, max(known) + 1, np.nan], dtype=np.float64), count)


def _mixed(values: Array, others: Array, share: float, random: np.random.Generator) -> Array:
    return np.where(random.random(len(values)) < share, others, values)
