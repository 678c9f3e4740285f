"""An XGBoost document (JSON or UBJSON, of version 1.0 or newer) as an ensemble of flat arrays."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from packager.converters.boosting.ensemble import Ensemble, Gives, Link
from packager.converters.boosting.ubjson import read_ubjson
from packager.converters.failure import ConversionError, SourceError
from packager.converters.tensors import Array
from packager.converters.trees.flat import LEAF, LESS, MEMBER, Tree, Trees, make_tree

_LARGEST_COUNT = 1 << 20
_LOGIT, _LOG, _PLAIN = "logit", "log", "plain"
# Objective: its link, what its answer is, and the scale of the base score that stands in the file.
OBJECTIVES: Mapping[str, tuple[Link, Gives, str]] = {
    "reg:squarederror": ("identity", "prediction", _PLAIN),
    "reg:linear": ("identity", "prediction", _PLAIN),
    "reg:squaredlogerror": ("identity", "prediction", _PLAIN),
    "reg:pseudohubererror": ("identity", "prediction", _PLAIN),
    "reg:absoluteerror": ("identity", "prediction", _PLAIN),
    "reg:quantileerror": ("identity", "prediction", _PLAIN),
    "reg:expectileerror": ("identity", "prediction", _PLAIN),
    "reg:logistic": ("sigmoid", "prediction", _LOGIT),
    "reg:gamma": ("exp", "prediction", _LOG),
    "reg:tweedie": ("exp", "prediction", _LOG),
    "count:poisson": ("exp", "prediction", _LOG),
    "survival:cox": ("exp", "prediction", _LOG),
    "survival:aft": ("exp", "prediction", _LOG),
    "binary:logistic": ("sigmoid", "classes", _LOGIT),
    "binary:logitraw": ("identity", "prediction", _PLAIN),
    "binary:hinge": ("step", "label", _PLAIN),
    "multi:softprob": ("softmax", "classes", _PLAIN),
    "multi:softmax": ("softmax", "classes", _PLAIN),
    "rank:pairwise": ("identity", "prediction", _PLAIN),
    "rank:ndcg": ("identity", "prediction", _PLAIN),
    "rank:map": ("identity", "prediction", _PLAIN),
}


@dataclass(frozen=True, slots=True)
class Document:
    """The parsed file, with what it says of its columns and its writer."""

    learner: Mapping[str, Any]
    version: str | None

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self.learner.get("feature_names") or ())

    @property
    def feature_types(self) -> tuple[str, ...]:
        return tuple(str(kind) for kind in self.learner.get("feature_types") or ())

    @property
    def attributes(self) -> Mapping[str, str]:
        return cast(Mapping[str, str], self.learner.get("attributes") or {})


def read_document(path: Path, form: str) -> Document:
    return parse(path.read_bytes(), form, path.name)


def parse(data: bytes | bytearray, form: str, name: str) -> Document:
    try:
        whole = json.loads(data) if form == "xgboost_json" else read_ubjson(data)
        whole = whole.get("Model", whole)  # a pickle holds the model beside its configuration
        version = ".".join(str(int(part)) for part in whole["version"]) if "version" in whole else None
        return Document(dict(whole["learner"]), version)
    except RecursionError as error:
        raise SourceError(f"{name} is damaged: it is nested too deep") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        words = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise SourceError(f"{name} is damaged, or no XGBoost model: {words[:200]}") from error


def read_ensemble(document: Document, rounds: int | None = None) -> Ensemble:
    """``rounds``: how many rounds of boosting count; None for all."""
    try:
        return _read(document.learner, rounds)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        words = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise SourceError(f"The XGBoost model is damaged: {words[:200]}") from error


def _read(learner: Mapping[str, Any], rounds: int | None) -> Ensemble:
    parameters = learner["learner_model_param"]
    name = str(learner["objective"]["name"])
    if name not in OBJECTIVES:
        raise ConversionError(
            f"The model has the objective {name!r}, whose answer is not known here",
            hint=f"known are {', '.join(OBJECTIVES)}",
        )
    link, gives, scale = OBJECTIVES[name]
    features = _count(parameters["num_feature"], "features")
    classes = _count(parameters.get("num_class", 0), "classes")
    outputs = max(classes, _count(parameters.get("num_target", 1), "targets"), 1)
    if gives != "prediction" and not classes and outputs > 1:
        gives = "prediction"  # several yes-or-no answers at once
    booster = learner["gradient_booster"]
    common: dict[str, Any] = {
        "features": features,
        "outputs": outputs,
        "base": _base(parameters["base_score"], scale, outputs),
        "link": link,
        "gives": gives,
        "zero_is_missing": np.zeros(features, dtype=bool),
        "rounds_down": True,
        "objective": name,
    }
    kind = booster["name"]
    if kind == "gblinear":
        weights = np.asarray(booster["model"]["weights"], dtype=np.float32).astype(np.float64)
        weights = weights.reshape(features + 1, outputs)
        # XGBoost adds the first output's base score to all of them.
        base = common["base"][0] + weights[-1]
        return Ensemble(**common | {"base": base}, weights=weights[:-1])
    if kind not in ("gbtree", "dart"):
        raise ConversionError(f"The model is boosted by {kind!r}; known are gbtree, dart and gblinear")
    model = booster["gbtree"]["model"] if kind == "dart" else booster["model"]
    drop = np.asarray(booster["weight_drop"], dtype=np.float32) if kind == "dart" else None
    trees, used = _trees(model, features, outputs, drop, rounds)
    return Ensemble(**common, trees=trees, rounds=used)


def _count(value: Any, what: str) -> int:
    count = int(value)
    if not 0 <= count <= _LARGEST_COUNT:
        raise ValueError(f"it says that it has {count} {what}")
    return count


def _base(said: Any, scale: str, outputs: int) -> Array:
    """One number, or from XGBoost 3.1 on one for each output; from the scale of answers to that of sums."""
    values = json.loads(said) if isinstance(said, str) and said.startswith("[") else [said]
    base = np.array([float(np.float32(value)) for value in values], dtype=np.float64)
    if len(base) not in (1, outputs):
        raise ValueError(f"it has {len(base)} base scores for {outputs} outputs")
    if scale != _PLAIN:
        base = np.array([_to_margin(value, scale) for value in base])
    return np.broadcast_to(base, (outputs,)).copy()


def _to_margin(value: float, scale: str) -> float:
    if not value > 0 or (scale == _LOGIT and not value < 1):
        raise ValueError(f"its base score is {value}")
    return math.log(value) if scale == _LOG else -math.log(1 / value - 1)


def _trees(
    model: Mapping[str, Any], features: int, outputs: int, drop: Array | None, rounds: int | None
) -> tuple[Trees, int]:
    listed, groups = model["trees"], [int(group) for group in model["tree_info"]]
    parallel = max(1, int(model["gbtree_model_param"].get("num_parallel_tree", 1) or 1))
    if len(groups) != len(listed) or (drop is not None and len(drop) != len(listed)):
        raise ValueError(f"it has {len(listed)} trees and the places of {len(groups)}")
    said = int(model["gbtree_model_param"].get("num_trees", len(listed)))
    if said != len(listed):
        raise ValueError(f"it says that it has {said} trees, and holds {len(listed)}")
    ends = [int(end) for end in model.get("iteration_indptr", ())]
    if not ends:  # before XGBoost 2.0
        step = parallel * (max(groups, default=0) + 1)
        ends = list(range(0, len(listed) + 1, step))
    if ends != sorted(ends) or ends[0] != 0 or ends[-1] != len(listed):
        raise ValueError(f"its rounds do not hold its {len(listed)} trees")
    used = len(ends) - 1 if rounds is None else min(rounds, len(ends) - 1)
    count = ends[used]
    made = [
        _tree(listed[at], features, outputs, at, 1.0 if drop is None else float(drop[at]))
        for at in range(count)
    ]
    for tree, group in zip(made, groups[:count], strict=True):
        if not 0 <= group <= outputs - tree.values.shape[1]:
            raise ValueError(f"a tree belongs to the output {group} of {outputs}")
    return Trees(tuple(made), tuple(groups[:count])), used


def _tree(said: Mapping[str, Any], features: int, outputs: int, number: int, weight: float) -> Tree:
    left = np.asarray(said["left_children"], dtype=np.int64)
    right = np.asarray(said["right_children"], dtype=np.int64)
    limits = np.asarray(said["split_conditions"], dtype=np.float32)
    defaults = np.asarray(said["default_left"]).astype(bool)
    leaf = left == -1
    kinds = np.asarray(said.get("split_type", ()), dtype=np.int64)
    asks_membership = (kinds == 1) & ~leaf if len(kinds) else np.zeros(len(left), dtype=bool)
    columns = {
        "asks": np.where(leaf, LEAF, np.where(asks_membership, MEMBER, LESS)),
        "feature": np.asarray(said["split_indices"], dtype=np.int64),
        "threshold": np.where(asks_membership, 0, limits),
        # The members of a set go to the right.
        "yes": np.where(asks_membership, right, left),
        "no": np.where(asks_membership, left, right),
        "missing_yes": defaults != asks_membership,
        "values": _values(said, leaf, right, limits, outputs) * np.float32(weight),
    }
    return make_tree(columns, _members(said, asks_membership), features, number)


def _values(said: Mapping[str, Any], leaf: Array, right: Array, limits: Array, outputs: int) -> Array:
    """The leaves' values; of a tree for several targets each leaf has a row of them."""
    width = int(said["tree_param"].get("size_leaf_vector", 1) or 1)
    if width <= 1:
        return np.where(leaf, limits, 0).astype(np.float32).reshape(-1, 1)
    if width != outputs:
        raise ValueError(f"a tree answers {width} targets of {outputs}")
    values = np.zeros((len(leaf), width), dtype=np.float32)
    if "leaf_weights" in said:
        rows = np.asarray(said["leaf_weights"], dtype=np.float32).reshape(-1, width)
        places = right[leaf]
        if len(places) and not (places.min() >= 0 and places.max() < len(rows)):
            raise ValueError("a leaf's values are not in the file")
        values[leaf] = rows[places]
    else:  # before XGBoost 3.1
        values[leaf] = np.asarray(said["base_weights"], dtype=np.float32).reshape(-1, width)[leaf]
    return values


def _members(said: Mapping[str, Any], asks_membership: Array) -> dict[int, list[int]]:
    nodes = [int(node) for node in said.get("categories_nodes", ())]
    if set(nodes) != set(np.flatnonzero(asks_membership).tolist()):
        raise ValueError("a split by categories has no categories")
    if not nodes:
        return {}
    listed = np.asarray(said.get("categories", ()), dtype=np.int64)
    found = {}
    for node, start, size in zip(nodes, said["categories_segments"], said["categories_sizes"], strict=True):
        if not 0 <= int(start) <= int(start) + int(size) <= len(listed):
            raise ValueError("the categories of a split are not in the file")
        found[node] = listed[int(start) : int(start) + int(size)].tolist()
    return found
