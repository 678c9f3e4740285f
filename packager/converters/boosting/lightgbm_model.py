"""A LightGBM text as an ensemble of flat arrays."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from packager.converters.boosting.ensemble import Ensemble, Gives, LinearLeaves, Link
from packager.converters.boosting.lightgbm_text import Text, numbers
from packager.converters.failure import ConversionError, SourceError
from packager.converters.tensors import Array
from packager.converters.trees.flat import LEAF, LESS_EQUAL, MEMBER, Tree, Trees, make_tree

_LARGEST_COUNT = 1 << 20
_LARGEST_TABLE = 1 << 25
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_NEAR_ZERO = float(np.float32(1e-35))
_NONE, _ZERO = 0, 1
_RAW: tuple[Link, Gives] = ("identity", "prediction")
# Objective: its link, and what its answer is.
OBJECTIVES: Mapping[str, tuple[Link, Gives]] = {
    "binary": ("sigmoid", "classes"),
    "multiclass": ("softmax", "classes"),
    "multiclassova": ("sigmoid", "classes"),
    "cross_entropy": ("sigmoid", "prediction"),
    "xentropy": ("sigmoid", "prediction"),
    "cross_entropy_lambda": ("log1p_exp", "prediction"),
    "xentlambda": ("log1p_exp", "prediction"),
    "poisson": ("exp", "prediction"),
    "gamma": ("exp", "prediction"),
    "tweedie": ("exp", "prediction"),
    "regression": _RAW,
    "regression_l1": _RAW,
    "huber": _RAW,
    "fair": _RAW,
    "quantile": _RAW,
    "mape": _RAW,
    "lambdarank": _RAW,
    "rank_xendcg": _RAW,
    "custom": _RAW,
    "": _RAW,
}


def read_ensemble(text: Text) -> Ensemble:
    try:
        return _read(text)
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        words = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise SourceError(f"The LightGBM model is damaged: {words[:200]}") from error


def _read(text: Text) -> Ensemble:
    features = _count(text.head["max_feature_idx"], "features") + 1
    outputs = _count(text.head.get("num_tree_per_iteration", "1"), "outputs")
    if outputs < 1 or len(text.trees) % outputs:
        raise ValueError(f"it has {len(text.trees)} trees for {outputs} outputs")
    if len(text.feature_names) != features:
        raise ValueError(f"it names {len(text.feature_names)} features and takes {features}")
    link, gives, scale, objective = _objective(text.head.get("objective", ""))
    rounds = len(text.trees) // outputs
    # A random forest is the mean of its trees; all other boosters add.
    share = 1 / rounds if "average_output" in text.head and rounds else 1.0
    zeros: dict[int, set[int]] = {}
    made = [_tree(block, features, at, share, zeros) for at, block in enumerate(text.trees)]
    trees = tuple(tree for tree, _ in made)
    return Ensemble(
        features=features,
        outputs=outputs,
        base=np.zeros(outputs),
        link=link,
        gives=gives,
        zero_is_missing=_zero_is_missing(zeros, features),
        trees=Trees(trees, tuple(at % outputs for at in range(len(trees)))),
        linear=_linear_leaves(text, made, features, share),
        scale=scale,
        double=True,
        objective=objective,
        rounds=rounds,
        averaged=share != 1,
    )


def _count(said: str, what: str) -> int:
    count = int(said)
    if not 0 <= count <= _LARGEST_COUNT:
        raise ValueError(f"it says that it has {count} {what}")
    return count


def _objective(said: str) -> tuple[Link, Gives, float, str]:
    """``binary sigmoid:1`` and the like: a name, then settings."""
    name, *rest = said.split() or [""]
    if name not in OBJECTIVES:
        raise ConversionError(
            f"The model has the objective {name!r}, whose answer is not known here",
            hint=f"known are {', '.join(known for known in OBJECTIVES if known)}",
        )
    settings = dict(part.partition(":")[::2] for part in rest)
    link, gives = OBJECTIVES[name]
    if "sqrt" in settings:
        link = "signed_square"
    scale = float(settings.get("sigmoid", 1)) if name in ("binary", "multiclassova") else 1.0
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"its sigmoid is {scale}")
    return link, gives, scale, name


def _tree(
    block: Mapping[str, str], features: int, number: int, share: float, zeros: dict[int, set[int]]
) -> tuple[Tree, Array]:
    """Inner nodes first, then leaves: a child ``-1 - n`` is the leaf n. And its leaves in order."""
    leaves = _count(block["num_leaves"], "leaves")
    values = numbers(block, "leaf_const" if _is_linear(block) else "leaf_value", leaves) * share
    inner = leaves - 1
    feature = numbers(block, "split_feature", inner, np.int64)
    threshold = _beyond_zero(numbers(block, "threshold", inner))
    decision = numbers(block, "decision_type", inner, np.int64)
    children = [
        _children(numbers(block, side, inner, np.int64), inner) for side in ("left_child", "right_child")
    ]
    member = (decision & _CATEGORICAL) != 0
    missing = (decision >> 2) & 3
    for kind, at in {*zip(missing[~member].tolist(), feature[~member].tolist(), strict=True)}:
        zeros.setdefault(at, set()).add(kind)
    default_left = (decision & _DEFAULT_LEFT) != 0
    columns = {
        "asks": np.r_[np.where(member, MEMBER, LESS_EQUAL), np.full(leaves, LEAF)],
        "feature": _padded(feature, leaves),
        "threshold": _padded(np.where(member, 0, threshold), leaves),
        "yes": _padded(children[0], leaves),
        "no": _padded(children[1], leaves),
        # Without a kind of missing value NaN is read as 0; in a set of categories it never is.
        "missing_yes": _padded(~member & np.where(missing == _NONE, threshold >= 0, default_left), leaves),
        "values": np.c_[np.r_[np.zeros(inner), values], np.r_[np.zeros(inner), np.arange(leaves)]],
    }
    tree = make_tree(columns, _members(block, member), features, number)
    order = tree.values[tree.asks == LEAF, 1].astype(np.int64)
    return replace(tree, values=tree.values[:, :1]), order


def _beyond_zero(threshold: Array) -> Array:
    """LightGBM reads numbers within 1e-35 of 0 as 0: a split among them lies at their edge."""
    below = np.where((threshold < 0) & (threshold >= -_NEAR_ZERO), np.nextafter(-_NEAR_ZERO, -1), threshold)
    return np.where((below >= 0) & (below < _NEAR_ZERO), _NEAR_ZERO, below)


def _children(said: Array, inner: int) -> Array:
    return np.where(said >= 0, np.where(said < inner, said, -1), inner + ~said)


def _padded(column: Array, leaves: int) -> Array:
    return np.r_[column, np.zeros(leaves, dtype=column.dtype)]


def _members(block: Mapping[str, str], member: Array) -> dict[int, list[int]]:
    """A split by categories names a row of bits."""
    if not member.any():
        return {}
    count = _count(block["num_cat"], "splits by categories")
    bounds = numbers(block, "cat_boundaries", count + 1, np.int64)
    if bounds[0] != 0 or (np.diff(bounds) < 0).any():
        raise ValueError("the categories of a split are not in the file")
    words = numbers(block, "cat_threshold", int(bounds[-1]), np.uint32)
    named = numbers(block, "threshold", len(member))
    found = {}
    for node in np.flatnonzero(member).tolist():
        row = int(named[node])
        if not 0 <= row < count:
            raise ValueError(f"a split names the categories {row} of {count}")
        mine = words[bounds[row] : bounds[row + 1]].astype("<u4")
        found[node] = np.flatnonzero(np.unpackbits(mine.view(np.uint8), bitorder="little")).tolist()
    return found


def _zero_is_missing(kinds: Mapping[int, set[int]], features: int) -> Array:
    flags = np.zeros(features, dtype=bool)
    for feature, found in kinds.items():
        if _ZERO in found:
            if not 0 <= feature < features:
                raise ValueError(f"a split asks for the feature {feature} of {features}")
            if len(found) > 1:
                raise ConversionError(
                    f"The model reads 0 as missing in feature {feature} in some of its splits, in others not",
                    hint="train it in one go, with one setting of zero_as_missing",
                )
            flags[feature] = True
    return flags


def _linear_leaves(
    text: Text, made: list[tuple[Tree, Array]], features: int, share: float
) -> LinearLeaves | None:
    """In the order of the trees' leaves as the flat arrays have them; leaves of plain trees are constants."""
    if not any(_is_linear(block) for block in text.trees):
        return None
    if sum(len(order) for _, order in made) * features > _LARGEST_TABLE:
        raise ConversionError(
            "The model's linear leaves are too many for one table", hint="train smaller trees"
        )
    tables = [_functions(block, order, features) for block, (_, order) in zip(text.trees, made, strict=True)]
    constant, coefficients, reads, fallback = (np.concatenate(part) for part in zip(*tables, strict=True))
    return LinearLeaves(constant * share, coefficients * share, reads, fallback * share)


def _functions(block: Mapping[str, str], order: Array, features: int) -> tuple[Array, Array, Array, Array]:
    leaves = len(order)
    fallback = numbers(block, "leaf_value", leaves)
    coefficients, reads = np.zeros((leaves, features)), np.zeros((leaves, features), dtype=bool)
    if not _is_linear(block):
        return fallback[order], coefficients, reads, fallback[order]
    counts = numbers(block, "num_features", leaves, np.int64)
    if counts.min() < 0 or counts.max() > features:
        raise ValueError("a leaf reads more features than there are")
    total = int(counts.sum())
    read = numbers(block, "leaf_features", total, np.int64)
    if total and not (read.min() >= 0 and read.max() < features):
        raise ValueError("a leaf reads a feature that does not exist")
    rows = np.repeat(np.arange(leaves), counts)
    np.add.at(coefficients, (rows, read), numbers(block, "leaf_coeff", total))
    reads[rows, read] = True
    return numbers(block, "leaf_const", leaves)[order], coefficients[order], reads[order], fallback[order]


def _is_linear(block: Mapping[str, str]) -> bool:
    return block.get("is_linear", "0").strip() == "1"
