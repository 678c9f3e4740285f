"""Twenty and more kinds of dirt for a model with features: each as a row of columns, and as lines of text."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.artifacts import make_root
from tests.runtimes.core import models

NAN, INF = float("nan"), float("inf")
COLORS = ["blue", "green", "red"]
COLUMNS = ("a", "b", "w", "c")


def good_rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Rows that the model takes; ``b`` may be missing."""
    rng = np.random.default_rng(seed)
    rows = zip(rng.normal(0, 2, count), rng.normal(0, 2, count), rng.integers(-5, 5, count), strict=True)
    return [
        {"a": float(a), "b": float(b) if at % 5 else None, "w": int(w), "c": COLORS[at % 3]}
        for at, (a, b, w) in enumerate(rows)
    ]


@cache
def trained() -> Pipeline:
    """A pipeline of scikit-learn over two numbers, a whole one and a colour."""
    rows = pd.DataFrame(good_rows(200))
    before = ColumnTransformer(
        [
            ("number", "passthrough", ["a"]),
            ("filled", SimpleImputer(), ["b"]),
            ("whole", "passthrough", ["w"]),
            ("colour", OneHotEncoder(categories=[COLORS]), ["c"]),
        ]
    )
    labels = np.where(rows["a"] + rows["w"] + (rows["c"] == "red") > 0, "yes", "no")
    return Pipeline([("before", before), ("after", LogisticRegression())]).fit(rows, labels)


def root(path: Path) -> Path:
    """The folder of a job of this pipeline."""
    types = {"a": FloatTensorType, "b": FloatTensorType, "w": Int64TensorType, "c": StringTensorType}
    graph = to_onnx(
        trained(),
        initial_types=[(name, type_([None, 1])) for name, type_ in types.items()],
        options={"zipmap": False},
    ).SerializeToString()
    dtypes = {"a": "float32", "b": "float32", "w": "int64", "c": "string"}
    kinds = {"a": "number", "b": "number", "w": "integer", "c": "text"}
    inputs: list[models.Spec] = [(name, dtype, ["batch", 1]) for name, dtype in dtypes.items()]
    outputs: list[models.Spec] = [("label", "string", ["batch"]), ("probabilities", "float32", ["batch", 2])]
    features = [models.columns([name], kinds[name], name, name == "b")[0] for name in COLUMNS]
    features[3]["categories"] = COLORS
    signature = models.signature(
        inputs, outputs, ("label", "probabilities"), features=features, class_labels=["no", "yes"]
    )
    return make_root(path, graph, signature)


@dataclass(frozen=True)
class Dirt:
    """One bad row: ``changes`` to a good one (columns, and JSON where JSON can say it), or a line of text
    in the place of one. ``reason`` and ``column``: what its dead letter says."""

    reason: str
    column: str | None = None
    changes: dict[str, Any] | None = None
    csv: bytes | None = None
    jsonl: bytes | None = None

    def values(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """The row with its dirt, for formats of columns."""
        return None if self.changes is None else {**row, **self.changes}


def _of(reason: str, column: str, value: Any) -> Dirt:
    return Dirt(reason, column, {column: value})


KINDS = {
    "a number is missing": _of("missing", "a", None),
    "a number is NaN": _of("not_finite", "a", NAN),
    "a number is infinite": _of("not_finite", "a", INF),
    "a number is minus infinity": _of("not_finite", "a", -INF),
    "an optional number is infinite": _of("not_finite", "b", INF),
    "an optional number is too large": _of("too_large", "b", 1e39),
    "a number beyond single precision": _of("too_large", "a", 1e39),
    "a huge negative number": _of("too_large", "a", -1e300),
    "a whole number is missing": _of("missing", "w", None),
    "a whole number is a fraction": _of("not_whole", "w", 1.5),
    "a whole number is NaN": _of("not_finite", "w", NAN),
    "a whole number is infinite": _of("not_finite", "w", INF),
    "a whole number beyond 64 bits": _of("too_large", "w", 1e19),
    "a whole number below 64 bits": _of("too_large", "w", -1e19),
    "a text is missing": _of("missing", "c", None),
    "a category that was not seen": _of("unknown_category", "c", "purple"),
    "a category in capitals": _of("unknown_category", "c", "RED"),
    "a category with a space": _of("unknown_category", "c", " red"),
    "a category with a zero byte": _of("unknown_category", "c", "red\0"),
    "a category that looks like another": _of("unknown_category", "c", "r\u0435d"),
    "a category of a thousand letters": _of("unknown_category", "c", "r" * 1000),
    "an empty category": _of("unknown_category", "c", ""),
    "all is missing": Dirt("missing", "a", dict.fromkeys(COLUMNS)),
    "two values are bad": Dirt("too_large", "a", {"a": 1e39, "c": "purple"}),
}
CSV_KINDS = {
    "a word for a number": Dirt("not_a_number", "a", csv=b"one,1,2,red"),
    "NA for a number": Dirt("not_a_number", "a", csv=b"NA,1,2,red"),
    "a decimal comma": Dirt("not_a_number", "a", csv=b'"1,5",1,2,red'),
    "a unit behind a number": Dirt("not_a_number", "a", csv=b"1.5kg,1,2,red"),
    "two points in a number": Dirt("not_a_number", "a", csv=b"1.5.2,1,2,red"),
    "an underscore in a number": Dirt("not_a_number", "w", csv=b"1,1,1_0,red"),
    "a hexadecimal number": Dirt("not_a_number", "w", csv=b"1,1,0x1F,red"),
    "too few values": Dirt("wrong_width", None, csv=b"1,1,2"),
    "too many values": Dirt("wrong_width", None, csv=b"1,1,2,red,red"),
    "a quote that is never closed": Dirt("broken_line", None, csv=b'1,1,2,"red'),
    "text behind a quote": Dirt("broken_line", None, csv=b'1,1,2,"red"x'),
    "a line that is not UTF-8": Dirt("broken_line", None, csv=b"1,1,2,r\xe9d"),
    "a carriage return within a line": Dirt("broken_line", None, csv=b"1,1,2,r\red"),
    "a line of spaces": Dirt("wrong_width", None, csv=b"   "),
    "a second header": Dirt("not_a_number", "a", csv=b"a,b,w,c"),
}
JSON_KINDS = {
    "a text for a number": Dirt("not_a_number", "a", jsonl=b'{"a":"1.5","b":1,"w":2,"c":"red"}'),
    "true for a number": Dirt("not_a_number", "a", jsonl=b'{"a":true,"b":1,"w":2,"c":"red"}'),
    "a list for a number": Dirt("not_a_number", "a", jsonl=b'{"a":[1],"b":1,"w":2,"c":"red"}'),
    "an object for a whole number": Dirt("not_a_number", "w", jsonl=b'{"a":1,"b":1,"w":{},"c":"red"}'),
    "a number for a text": Dirt("not_text", "c", jsonl=b'{"a":1,"b":1,"w":2,"c":5}'),
    "a key that is left out": Dirt("missing", "w", jsonl=b'{"a":1,"b":1,"c":"red"}'),
    "an empty object": Dirt("missing", "a", jsonl=b"{}"),
    "no object but a list": Dirt("broken_line", None, jsonl=b'[1,1,2,"red"]'),
    "null alone": Dirt("broken_line", None, jsonl=b"null"),
    "NaN without quotes": Dirt("broken_line", None, jsonl=b'{"a":NaN,"b":1,"w":2,"c":"red"}'),
    "two objects in a line": Dirt("broken_line", None, jsonl=b'{"a":1,"b":1,"w":2,"c":"red"} {"a":1}'),
    "a line that breaks off": Dirt("broken_line", None, jsonl=b'{"a":1,"b":1,"w":2,"c":'),
    "a comma too many": Dirt("broken_line", None, jsonl=b'{"a":1,"b":1,"w":2,"c":"red",}'),
    "single quotes": Dirt("broken_line", None, jsonl=b"{'a':1,'b':1,'w':2,'c':'red'}"),
    "not UTF-8": Dirt("broken_line", None, jsonl=b'{"a":1,"b":1,"w":2,"c":"r\xe9d"}'),
    "half of a surrogate pair": Dirt("broken_line", None, jsonl=b'{"a":1,"b":1,"w":2,"c":"\\ud800"}'),
    "a line of CSV": Dirt("broken_line", None, jsonl=b"1,1,2,red"),
}


def kinds_of(format: str) -> dict[str, Dirt]:
    """The kinds that a format can hold."""
    if format == "csv":
        empty = {"a text is missing": _of("unknown_category", "c", None)}  # an empty cell is the empty text
        return {**KINDS, **empty, **CSV_KINDS}
    if format == "jsonl":
        said = {name: dirt for name, dirt in KINDS.items() if _is_json(dirt)}
        return {**said, **JSON_KINDS}
    return KINDS


def _is_json(dirt: Dirt) -> bool:
    values = (dirt.changes or {}).values()
    return not any(isinstance(value, float) and not np.isfinite(value) for value in values)


def csv_line(row: dict[str, Any]) -> bytes:
    """The row as a line of CSV."""
    cells = ["" if row[name] is None else str(row[name]) for name in COLUMNS]
    return ",".join(cells).encode()


def json_line(row: dict[str, Any]) -> bytes:
    """The row as a line of JSON."""
    return json.dumps(row).encode()
