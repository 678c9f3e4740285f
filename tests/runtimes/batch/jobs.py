"""Jobs for tests: a root with a small trained model, rows for it in files of every format, and real runs."""

import gzip
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

from tests.artifacts import make_root
from tests.runtimes.core import models

REPOSITORY = Path(__file__).parents[3]
TIMEOUT_S = 120


def mixed_root(path: Path) -> Path:
    """A trained pipeline over the columns city (text), age (may be null) and rooms (whole numbers)."""
    return make_root(path, *models.mixed())


def mixed_rows(count: int, seed: int = 0) -> pa.Table:
    """Rows that the mixed model takes, with a column ``id`` that it does not read."""
    rng = np.random.default_rng(seed)
    ages = rng.normal(40, 10, count).astype(np.float32)
    return pa.table(
        {
            "id": np.arange(count) + seed * 1_000_000,
            "city": rng.choice(["Bern", "Köln", "東京"], count),
            "age": pa.array(ages, mask=np.arange(count) % 7 == 3),
            "rooms": rng.integers(1, 6, count),
        }
    )


def write_rows(path: Path, table: pa.Table, rows_at_once: int = 1000) -> Path:
    """The rows in a file of the format that its name says; some formats in groups of ``rows_at_once``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name, compression = path.name, ""
    for suffix, kind in ((".gz", "gzip"), (".zst", "zstd")):
        if name.endswith(suffix):
            name, compression = name.removesuffix(suffix), kind
    if name.endswith(".parquet"):
        pyarrow.parquet.write_table(table, path, row_group_size=rows_at_once)
    elif name.endswith((".arrow", ".feather")):
        pyarrow.feather.write_feather(table, str(path), chunksize=rows_at_once)
    else:
        path.write_bytes(compressed(_text(name, table), compression))
    return path


def _text(name: str, table: pa.Table) -> bytes:
    if name.endswith(".csv"):
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(table, sink)
        return bytes(sink.getvalue())
    assert name.endswith(".jsonl"), name
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist())
    return "".join(lines).encode()


def compressed(data: bytes, compression: str) -> bytes:
    """What a file of this compression holds."""
    if compression == "gzip":
        return gzip.compress(data)
    if compression == "zstd":
        return bytes(pa.compress(data, codec="zstd", asbytes=True))
    return data


@dataclass(frozen=True)
class Ran:
    """How a run of the job ended."""

    code: int
    out: str
    err: str

    @property
    def metrics(self) -> dict[str, Any]:
        """The document that it printed."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def command(*arguments: object) -> list[str]:
    """The job's command line, of this checkout's code."""
    return [sys.executable, "-m", "runtimes.batch", *map(str, arguments)]


def environment(root: Path, **changes: str) -> dict[str, str]:
    """The environment in which this checkout's code is the job of ``root``."""
    return {**os.environ, "MODEL_ROOT": str(root), "PYTHONPATH": str(REPOSITORY), **changes}


def run(root: Path, *arguments: object, **changes: str) -> Ran:
    """Run the job to its end in a process of its own."""
    ran = subprocess.run(
        command(*arguments),
        env=environment(root, **changes),
        cwd=root,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def run_here(root: Path, *arguments: object) -> dict[str, Any]:
    """Run the job in this process, which takes no time to start: its metrics. It raises what ends it."""
    from runtimes.batch import options, running
    from runtimes.batch.interruption import Interruption
    from runtimes.batch.stores import Stores

    asked = options.read(["run", "--progress", "none", *map(str, arguments)])
    stores = Stores(asked.endpoint_url)
    before = os.environ.get("MODEL_ROOT")
    os.environ["MODEL_ROOT"] = str(root)
    try:
        return running.Run(asked, stores, Interruption()).do()
    finally:
        stores.close()
        os.environ.pop("MODEL_ROOT")
        if before is not None:
            os.environ["MODEL_ROOT"] = before


def start(root: Path, *arguments: object, **changes: str) -> "subprocess.Popen[str]":
    """Start the job and go on; the caller ends it."""
    return subprocess.Popen(
        command(*arguments),
        env=environment(root, **changes),
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def tree(output: Path) -> dict[str, bytes]:
    """All that lies in an output, by its path in it."""
    files = (path for path in output.rglob("*") if path.is_file())
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in files}


def parts(output: Path) -> list[Path]:
    """The answers in an output, in the input's order."""
    return sorted(output.glob("part-*"))


def answers(output: Path) -> pa.Table:
    """All answers of an output in Parquet, in the input's order."""
    return pa.concat_tables(pyarrow.parquet.read_table(path) for path in parts(output))


def dead_letters(output: Path) -> list[dict[str, Any]]:
    """All dead letters of an output, in the input's order."""
    files = sorted(output.glob("_packager/dead-letters/*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def expected(table: pa.Table) -> pa.Table:
    """What the mixed model answers to these rows, asked of ONNX Runtime's own package."""
    from onnxruntime import InferenceSession

    session = InferenceSession(models.mixed()[0], providers=["CPUExecutionProvider"])
    columns = {
        "city": np.array(table["city"].to_pylist(), dtype=object),
        "age": table["age"].to_numpy().astype(np.float32),
        "rooms": table["rooms"].to_numpy().astype(np.int64),
    }
    label, scores = session.run(None, {name: values.reshape(-1, 1) for name, values in columns.items()})
    return pa.table(
        {
            "prediction": pa.array(label, pa.string()),
            "probability_high": scores[:, 0],
            "probability_low": scores[:, 1],
        }
    )
