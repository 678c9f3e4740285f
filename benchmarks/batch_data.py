"""What batch jobs are measured on: rows of twenty numbers, a label that depends on them, and two models."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

FEATURES = tuple(f"f{number}" for number in range(20))
GROUP = 250_000
_LEARNED_FROM = 20_000
_DISTINCT = 1_000_000
"""Rows that are drawn; a larger file has them again under other ids."""
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Models:
    """Both estimators, and rows of their kind for the build."""

    linear: Path
    forest: Path
    samples: Path


def learn(folder: Path) -> Models:
    """Train both on rows that no file has."""
    import joblib
    import pandas as pd
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, labels = drawn(_LEARNED_FROM, 1)
    frame = pd.DataFrame(rows, columns=FEATURES)
    found = Models(folder / "linear.joblib", folder / "forest.joblib", folder / "samples.parquet")
    joblib.dump(make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, labels), found.linear)
    forest = RandomForestClassifier(100, max_depth=10, random_state=0)
    joblib.dump(forest.fit(frame, labels), found.forest)
    frame.head(500).to_parquet(found.samples, index=False)
    return found


def drawn(count: int, seed: int) -> tuple[Matrix, NDArray[np.int64]]:
    """Rows of several scales, and a label of a sum, a product and a threshold of some of them, with noise."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, len(FEATURES)), dtype=np.float32)
    score = rows[:, 0] - 0.7 * rows[:, 1] + rows[:, 2] * rows[:, 3] + np.where(rows[:, 4] > 0.5, 1.0, 0.0)
    score += 0.3 * rows[:, 5:9].sum(axis=1) + rng.normal(0, 0.5, count)
    scales = np.geomspace(0.1, 100, len(FEATURES)).astype(np.float32)
    return rows * scales + scales, (score > 0.5).astype(np.int64)


def batches(count: int, at_once: int) -> Iterator[pa.RecordBatch]:
    """The rows of a file with their ids."""
    features, _ = drawn(min(count, _DISTINCT), 2)
    columns = [pa.array(np.ascontiguousarray(column)) for column in features.T]
    done = 0
    while done < count:
        start = done % len(features)
        size = min(at_once, count - done, len(features) - start)
        ids = pa.array(np.arange(done, done + size))
        yield pa.record_batch(
            [ids, *(column.slice(start, size) for column in columns)], names=["id", *FEATURES]
        )
        done += size


def write_parquet(path: Path, count: int, group: int = GROUP) -> Path:
    """A file with row groups of one size, snappy."""
    with pq.ParquetWriter(path, next(batches(1, 1)).schema, compression="snappy") as writer:
        pending: list[Any] = []
        for batch in batches(count, min(group, GROUP)):
            pending.append(batch)
            if sum(one.num_rows for one in pending) >= group:
                writer.write_table(pa.Table.from_batches(pending), row_group_size=group)
                pending = []
        if pending:
            writer.write_table(pa.Table.from_batches(pending), row_group_size=group)
    return path


def write_other(path: Path, count: int) -> Path:
    """The same rows in the format that the name says."""
    import pyarrow.csv
    import pyarrow.feather

    table = pa.Table.from_batches(batches(count, GROUP))
    if path.suffix == ".npy":
        np.save(path, drawn(count, 2)[0])
    elif path.suffix == ".arrow":
        pyarrow.feather.write_feather(table, str(path), compression="uncompressed", chunksize=65_536)
    elif path.suffix == ".jsonl":
        table.to_pandas().to_json(path, orient="records", lines=True, double_precision=7)
    else:  # text, compressed where the name says so
        compression = "gzip" if path.suffix == ".gz" else None
        with pa.output_stream(str(path), compression=compression) as sink:
            pyarrow.csv.write_csv(table, sink)
    return path
