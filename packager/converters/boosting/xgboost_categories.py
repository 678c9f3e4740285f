"""The categories of an XGBoost model's columns: their texts or numbers, where the file has them."""

from itertools import pairwise
from typing import Any

import numpy as np

from packager.converters.boosting.xgboost_model import Document
from packager.converters.failure import SourceError

_CODED = (
    "the column {names} has categories that the file knows by their codes 0, 1, … alone: give it the codes"
)


def read_categories(
    document: Document, names: tuple[str, ...]
) -> tuple[dict[int, tuple[Any, ...]], tuple[str, ...]]:
    """From XGBoost 3.1 on a model trained on a data frame holds its categories. Also a note on the others."""
    try:
        known = _known(document)
    except UnicodeDecodeError:  # XGBoost cuts texts that are not of single bytes; it still knows the codes
        known = {}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise SourceError(f"The XGBoost model is damaged: its categories cannot be read ({error})") from error
    if any(not 0 <= at < len(names) for at in known):
        raise SourceError("The XGBoost model is damaged: it has categories of a column that does not exist")
    kinds = document.feature_types or ("float",) * len(names)
    coded = [
        name
        for at, (name, kind) in enumerate(zip(names, kinds, strict=True))
        if kind == "c" and at not in known
    ]
    return known, (_CODED.format(names=", ".join(coded)),) if coded else ()


def _known(document: Document) -> dict[int, tuple[Any, ...]]:
    booster = document.learner["gradient_booster"]
    model = booster.get("gbtree", booster).get("model", {})
    found: dict[int, tuple[Any, ...]] = {}
    for at, said in enumerate(model.get("cats", {}).get("enc", ())):
        values = np.asarray(said["values"])
        if len(values):
            found[at] = _texts(values, said["offsets"]) if "offsets" in said else tuple(values.tolist())
    return found


def _texts(values: Any, offsets: Any) -> tuple[str, ...]:
    """Texts one behind the other as bytes, and where each begins."""
    whole = values.astype(np.int8).tobytes()
    return tuple(whole[int(start) : int(end)].decode("ascii") for start, end in pairwise(offsets))
