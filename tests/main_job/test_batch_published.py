"""A published model over published rows, by the job, held to the answers of the model's own library."""

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import published
from tests.main_job.commands import build, packager

COLUMNS = {
    "Column_0": "month", "Column_1": "day", "Column_2": "hour", "Column_3": "minute", "Column_4": "air_time",
}  # fmt: skip
"""The features of a model of taxi rides, each with a column of flights whose values are of its kind."""
MAPPED = [text for feature, column in COLUMNS.items() for text in ("--map", f"{feature}={column}")]


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The job of a published LightGBM model, proved on flights."""
    folder = tmp_path_factory.mktemp("published")
    flights = pd.read_csv(published.NEW_YORK_FLIGHTS.fetch(), usecols=list(COLUMNS.values()), nrows=500)
    rows = flights.rename(columns={column: feature for feature, column in COLUMNS.items()})
    rows[list(COLUMNS)].astype(np.float64).dropna().to_csv(folder / "samples.csv", index=False)
    model = published.LEAVES_TAXI.fetch()
    report = build(model, "--name", "taxi", "--target", "batch", "--samples", "samples.csv", cwd=folder)
    return Path(folder, report["artifacts"][0]["path"])


def answered(artifact: Path, source: Path, output: Path, *more: str) -> tuple[Any, pa.Table]:
    """The metrics of a job over ``source``, and all that it answered."""
    done = packager(
        "invoke", artifact, "--input", source, "--output", output, "-o", "json", "--", *MAPPED, *more,
        cwd=output.parent,
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    return done.document(), pq.read_table(sorted(output.glob("*.parquet")))


def own_answers(flights: pd.DataFrame) -> Any:
    """What LightGBM itself says of the same rows."""
    booster = lightgbm.Booster(model_file=str(published.LEAVES_TAXI.fetch()))
    return booster.predict(flights[list(COLUMNS.values())].to_numpy(np.float64))


def letters_of(output: Path) -> list[Any]:
    """All dead letters, in order."""
    found = sorted((output / "_packager" / "dead-letters").glob("*.jsonl"))
    return [json.loads(line) for file in found for line in file.read_text().splitlines()]


def test_a_year_of_flights_is_answered_as_the_models_own_library_answers_it(
    artifact: Path, tmp_path: Path
) -> None:
    """Flights that never arrived have the text NA as their air time: 9,430 dead letters."""
    source = published.NEW_YORK_FLIGHTS.fetch()
    flights = pd.read_csv(source)
    metrics, table = answered(artifact, source, tmp_path / "out")
    assert metrics["rows_in"] == len(flights) == 336_776
    assert metrics["reasons"] == {"not_a_number": int(flights["air_time"].isna().sum())}
    kept = flights[flights["air_time"].notna()]
    assert table["flight"].to_pylist() == kept["flight"].astype(str).tolist()
    np.testing.assert_allclose(table["prediction"].to_numpy(), own_answers(kept), rtol=1e-5, atol=1e-4)
    lines = source.read_text().splitlines()
    for letter in letters_of(tmp_path / "out")[::500]:
        assert letter["message"].endswith("(--missing NA reads it as missing)")
        assert lines[letter["line"] - 1] == letter["record"]


def test_a_year_of_flights_is_answered_whole_where_its_word_for_nothing_is_named(
    artifact: Path, tmp_path: Path
) -> None:
    source = published.NEW_YORK_FLIGHTS.fetch()
    flights = pd.read_csv(source)
    metrics, table = answered(artifact, source, tmp_path / "out", "--missing", "NA")
    assert (metrics["rows_out"], metrics["dead_letters"]) == (336_776, 0)
    assert table["flight"].to_pylist() == flights["flight"].astype(str).tolist()
    np.testing.assert_allclose(table["prediction"].to_numpy(), own_answers(flights), rtol=1e-5, atol=1e-4)


def test_flights_as_parquet_are_answered_also_where_a_value_is_missing(
    artifact: Path, tmp_path: Path
) -> None:
    flights = pd.read_csv(published.NEW_YORK_FLIGHTS.fetch(), nrows=60_000)
    flights.to_parquet(tmp_path / "flights.parquet", row_group_size=7_001)
    metrics, table = answered(artifact, tmp_path / "flights.parquet", tmp_path / "out")
    assert metrics["rows_in"] == metrics["rows_out"] == len(flights)
    assert table["flight"].to_pylist() == flights["flight"].tolist()
    assert flights["air_time"].isna().sum() > 900
    np.testing.assert_allclose(table["prediction"].to_numpy(), own_answers(flights), rtol=1e-5, atol=1e-4)


def test_texts_in_number_columns_are_dead_letters_and_all_others_are_answered(
    artifact: Path, tmp_path: Path
) -> None:
    flights = pd.read_csv(published.NEW_YORK_FLIGHTS.fetch(), nrows=20_000)
    lines = flights[list(COLUMNS.values())].astype(object)
    lines.loc[7, "month"], lines.loc[11, "hour"] = "May", "noon"
    lines.to_csv(tmp_path / "dirty.csv", index=False)
    metrics, table = answered(artifact, tmp_path / "dirty.csv", tmp_path / "out")
    assert metrics["rows_in"] == len(flights)
    assert metrics["rows_in"] == metrics["rows_out"] + metrics["dead_letters"]
    letters = letters_of(tmp_path / "out")
    assert len(letters) == metrics["dead_letters"]
    assert [letter["line"] for letter in letters if letter["reason"] == "not_a_number"] == [9, 13]
    kept = flights.drop(index=[letter["line"] - 2 for letter in letters])
    np.testing.assert_allclose(table["prediction"].to_numpy(), own_answers(kept), rtol=1e-5, atol=1e-4)
