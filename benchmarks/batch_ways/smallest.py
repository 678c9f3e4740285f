"""What no job can do without, one at a time or all in turn: decode, run, encode; nothing else.

`all`: the shortest program that answers a file. `run`, `encode`: each alone, from memory; it prints the
processor seconds of its loop, without the start of the process. Decoding alone is `bare_reading.py`.
"""

import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 16_384
IN_MEMORY = 1_000_000
ENOUGH_S = 3.0


def batches(source: str) -> Iterator[pa.RecordBatch]:
    """As pyarrow decodes with least memory, and in no more time."""
    yield from pq.ParquetFile(source, buffer_size=1 << 16, pre_buffer=False).iter_batches(
        ROWS, use_threads=False
    )


class Model:
    """ONNX Runtime with one thread, and the matrices that it takes."""

    def __init__(self, path: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        given = self._session.get_inputs()[0]
        self._name, self._dtype = given.name, np.float64 if "double" in given.type else np.float32

    def matrix(self, batch: pa.RecordBatch) -> Any:
        """All columns but the id."""
        names = [name for name in batch.schema.names if name != "id"]
        return batch.select(names).to_tensor(row_major=True).to_numpy().astype(self._dtype, copy=False)

    def run(self, matrix: Any) -> Any:
        """Labels and probabilities."""
        return self._session.run(None, {self._name: matrix})


def written(dest: str, schema: pa.Schema) -> Any:
    """As the job writes: without dictionaries, which cost more than they save of numbers that all differ."""
    return pq.ParquetWriter(f"{dest}.parquet", schema, compression="snappy", use_dictionary=False)


def answers(batch: pa.RecordBatch, labels: Any, probabilities: Any) -> pa.RecordBatch:
    both = [pa.array(np.ascontiguousarray(probabilities[:, column])) for column in (0, 1)]
    names = ["id", "prediction", "probability_0", "probability_1"]
    return pa.record_batch([batch.column("id"), pa.array(labels), *both], names=names)


def everything(path: str, source: str, dest: str) -> None:
    """One thread, one file."""
    model, writer = Model(path), None
    for batch in batches(source):
        answered = answers(batch, *model.run(model.matrix(batch)))
        writer = writer or written(dest, answered.schema)
        writer.write_batch(answered)
    if writer is not None:
        writer.close()


def run(path: str, source: str, rows: int) -> float:
    """Matrices that lie in memory, over and over until ``rows`` are answered, or enough time has passed."""
    model = Model(path)
    kept = [model.matrix(batch) for batch in first(source)]
    model.run(kept[0])
    began, done = time.process_time(), 0
    for one in cycle(kept):
        model.run(one)
        done += len(one)
        if done >= rows or time.process_time() - began > ENOUGH_S:
            break
    return (time.process_time() - began) * rows / done


def encode(source: str, dest: str, rows: int) -> float:
    """Made answers that lie in memory, over and over until ``rows`` are written."""
    random = np.random.default_rng(0)
    kept = []
    for batch in first(source):
        scores = random.random((batch.num_rows, 2), dtype=np.float32)
        kept.append(answers(batch, (scores[:, 1] > 0.5).astype(np.int64), scores))
    began, done = time.process_time(), 0
    with written(dest, kept[0].schema) as writer:
        for one in cycle(kept):
            writer.write_batch(one)
            done += one.num_rows
            if done >= rows:
                break
    return (time.process_time() - began) * rows / done


def first(source: str) -> Iterator[pa.RecordBatch]:
    """The first rows of a file."""
    done = 0
    for batch in batches(source):
        yield batch
        done += batch.num_rows
        if done >= IN_MEMORY:
            return


def main(model: str, source: str, dest: str, what: str = "all") -> None:
    """Do it; the parts print their seconds."""
    rows = pq.ParquetFile(source).metadata.num_rows
    if what == "all":
        everything(model, source, dest)
    elif what == "run":
        print(run(model, source, rows))
    else:
        print(encode(source, dest, rows))


main(*sys.argv[1:])
