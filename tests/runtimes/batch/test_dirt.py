"""Every kind of dirt in every format: each bad row is a dead letter with its place, each good one is answered
as by scikit-learn, and whatever the function can be asked it refuses, too."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LinearRegression

from runtimes.core.predictor import Predictor
from tests.artifacts import make_root
from tests.runtimes.batch import dirt, jobs
from tests.runtimes.core import models

GOOD = 30
"""Rows around each dirty one; a shard of columns has one kind of dirt, or a few."""
SUFFIXES = (".parquet", ".arrow", ".csv", ".csv.gz", ".csv.zst", ".jsonl", ".jsonl.gz", ".jsonl.zst")
TYPES = pa.schema([("a", pa.float64()), ("b", pa.float64()), ("w", pa.float64()), ("c", pa.string())])


@dataclass
class Ran:
    """A job over a dirty file: its rows in order, with the kind of dirt or None, and what came of it."""

    rows: list[tuple[dict[str, Any], str | None]]
    lines: list[bytes]
    metrics: dict[str, Any]
    answers: pd.DataFrame
    letters: list[dict[str, Any]]


def dirty_rows(format: str) -> list[tuple[dict[str, Any], str | None]]:
    """Good rows with one of each kind among them."""
    rows: list[tuple[dict[str, Any], str | None]] = []
    for number, name in enumerate(dirt.kinds_of(format)):
        some = dirt.good_rows(GOOD + 1, number)
        rows += [(row, name if at == GOOD // 2 else None) for at, row in enumerate(some)]
    return rows


def line_of(row: dict[str, Any], name: str | None, format: str) -> bytes:
    """The row as a line of text."""
    kind = dirt.kinds_of(format)[name] if name else dirt.Dirt("")
    raw = kind.csv if format == "csv" else kind.jsonl
    if raw is not None:
        return raw
    changed = {**row, **(kind.changes or {})}
    return dirt.csv_line(changed) if format == "csv" else dirt.json_line(changed)


def write(path: Path, rows: list[tuple[dict[str, Any], str | None]]) -> list[bytes]:
    """The rows in a file; of text its lines."""
    if path.suffix in (".parquet", ".arrow"):
        values = [dirt.KINDS[name].values(row) if name else row for row, name in rows]
        jobs.write_rows(path, pa.Table.from_pylist(values, TYPES), GOOD + 1)
        return []
    format = path.name.split(".")[1]
    lines = [line_of(row, name, format) for row, name in rows]
    data = b"\n".join([b"a,b,w,c"] * (format == "csv") + lines) + b"\n"
    path.write_bytes(jobs.compressed(data, {".gz": "gzip", ".zst": "zstd"}.get(path.suffix, "")))
    return lines


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job."""
    return dirt.root(tmp_path_factory.mktemp("dirt") / "job")


@pytest.fixture(scope="module")
def ran(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Runs a job over the dirty file of a format, once for all tests."""

    @cache
    def run(suffix: str) -> Ran:
        folder = tmp_path_factory.mktemp("ran")
        source, output = folder / f"rows{suffix}", folder / "out"
        rows = dirty_rows(suffix.split(".")[1])
        lines = write(source, rows)
        given = ("--input", source, "--output", output, "--keep", "none", "--shard-rows", GOOD + 1)
        metrics = jobs.run_here(root, *given)
        return Ran(rows, lines, metrics, jobs.answers(output).to_pandas(), jobs.dead_letters(output))

    return run


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_row_is_an_answer_or_a_dead_letter(ran: Any, suffix: str) -> None:
    done = ran(suffix)
    bad = [name for _, name in done.rows if name]
    assert len(bad) >= 20
    assert done.metrics["rows_in"] == len(done.rows)
    assert done.metrics["rows_out"] == len(done.answers) == len(done.rows) - len(bad)
    assert done.metrics["dead_letters"] == len(done.letters) == len(bad)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_good_rows_are_answered_as_scikit_learn_answers_them(ran: Any, suffix: str) -> None:
    done = ran(suffix)
    good = pd.DataFrame([row for row, name in done.rows if name is None]).astype({"b": np.float64})
    assert done.answers["prediction"].tolist() == dirt.trained().predict(good).tolist()
    found = done.answers[["probability_no", "probability_yes"]].to_numpy()
    np.testing.assert_allclose(found, dirt.trained().predict_proba(good), atol=1e-5)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_dead_letter_says_its_reason_column_and_place(ran: Any, suffix: str) -> None:
    done = ran(suffix)
    kinds = dirt.kinds_of(suffix.split(".")[1])
    places = [at for at, (_, name) in enumerate(done.rows) if name]
    header, start = (1, len(b"a,b,w,c\n")) if "csv" in suffix else (0, 0)
    for at, letter in zip(places, done.letters, strict=True):
        name = done.rows[at][1]
        assert (letter["reason"], letter["column"]) == (kinds[name].reason, kinds[name].column), name
        if not done.lines:
            assert letter["row"] == at
            continue
        assert letter["offset"] == start + sum(len(line) + 1 for line in done.lines[:at]), name
        assert letter["line"] in (None, at + 1 + header)
        assert letter["record"] == done.lines[at].decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".jsonl"])
def test_the_function_refuses_the_same_rows(root: Path, ran: Any, suffix: str) -> None:
    done = ran(suffix)
    bad = [(row, name) for row, name in done.rows if name]
    asked = 0
    with Predictor(str(root)) as predictor:
        for (row, name), letter in zip(bad, done.letters, strict=True):
            kind = dirt.kinds_of(suffix[1:])[name]
            if letter["reason"] == "broken_line":
                continue
            said = {**row, **kind.changes} if kind.changes else json.loads(kind.jsonl or b"")
            results: Any = predictor.predict_rows([said])["results"]
            assert "error" in results[0], name
            if not done.lines:
                assert results[0]["error"]["message"] == letter["message"], name
            asked += 1
    assert asked >= 20


NUMBERS = {
    "NaN": np.nan, "NaN with a payload": np.array([0x7FF8000000000123], np.uint64).view(np.float64)[0],
    "a signalling NaN": np.array([0x7FF0000000000001], np.uint64).view(np.float64)[0],
    "minus NaN": -np.nan, "infinity": np.inf, "minus infinity": -np.inf, "beyond single precision": 1e39,
    "far beyond": 1e300, "below single precision": -1e39, "the largest double": np.finfo(np.float64).max,
}  # fmt: skip
"""What an array of numbers can hold that a model of single precision does not take."""


@pytest.mark.parametrize("column", [0, 2, slice(None)], ids=["first", "last", "all"])
def test_arrays_are_answered_but_for_their_dirt(tmp_path: Path, column: Any) -> None:
    data = np.random.default_rng(0).normal(0, 1, (500, 3))
    places = {7 + 40 * at: name for at, name in enumerate(NUMBERS)}
    for place, name in places.items():
        data[place, column] = NUMBERS[name]
    np.save(tmp_path / "rows.npy", data)
    root = make_root(tmp_path / "job", *named_linear())
    given = ("--input", tmp_path / "rows.npy", "--output", tmp_path / "out", "--shard-rows", 90)
    metrics = jobs.run_here(root, *given)
    good = np.delete(data, list(places), axis=0)
    answers = jobs.answers(tmp_path / "out")["prediction"].to_numpy()
    np.testing.assert_allclose(answers, fitted().predict(good), atol=1e-5)
    assert (metrics["rows_in"], metrics["rows_out"]) == (500, 490)
    letters = jobs.dead_letters(tmp_path / "out")
    assert [letter["row"] for letter in letters] == list(places)
    assert metrics["reasons"] == {"not_finite": 6, "too_large": 4}


@cache
def fitted() -> LinearRegression:
    """A regression of scikit-learn over three numbers."""
    data = np.random.default_rng(1).normal(0, 1, (50, 3))
    return LinearRegression().fit(data, data @ [1.0, -2.0, 3.0] + 0.5)


def named_linear() -> models.Model:
    """The same as a graph, with a name for each of the numbers."""
    graph = to_onnx(fitted(), initial_types=[("X", FloatTensorType([None, 3]))]).SerializeToString()
    inputs: list[models.Spec] = [("X", "float32", ["batch", 3])]
    outputs: list[models.Spec] = [("variable", "float32", ["batch", 1])]
    features = models.columns(["p", "q", "r"])
    return graph, models.signature(inputs, outputs, ("prediction",), features=features)
