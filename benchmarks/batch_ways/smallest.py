"""What no job can do without, one at a time or all in turn: decode, run, encode; nothing else.

`all`: the shortest program that answers a file. `decode`, `run`, `encode`: each alone, in memory on its other
side; it prints the processor seconds of its loop, without the start of the process.
"""

import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 16_384
IN_MEMORY = 1_000_000
Session = Any


def batches(source: str, bounded: bool = True) -> Iterator[pa.RecordBatch]:
    """``bounded``: with the settings that keep the memory small, else as pyarrow reads by itself."""
    options = {"buffer_size": 1 << 20, "pre_buffer": False} if bounded else {}
    yield from pq.ParquetFile(source, **options).iter_batches(ROWS, use_threads=False)


def session_of(model: str) -> tuple[Session, str]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session, session.get_inputs()[0].name


def matrix(batch: pa.RecordBatch) -> Any:
    """All columns but the id."""
    names = [name for name in batch.schema.names if name != "id"]
    return batch.select(names).to_tensor(row_major=True).to_numpy()


def answers(batch: pa.RecordBatch, labels: Any, probabilities: Any) -> pa.RecordBatch:
    both = [pa.array(np.ascontiguousarray(probabilities[:, column])) for column in (0, 1)]
    names = ["id", "prediction", "probability_0", "probability_1"]
    return pa.record_batch([batch.column("id"), pa.array(labels), *both], names=names)


def everything(model: str, source: str, dest: str) -> None:
    """One thread, one file."""
    session, name = session_of(model)
    writer = None
    for batch in batches(source):
        answered = answers(batch, *session.run(None, {name: matrix(batch)}))
        writer = writer or pq.ParquetWriter(f"{dest}.parquet", answered.schema)
        writer.write_batch(answered)
    if writer is not None:
        writer.close()


def decode(source: str, bounded: bool) -> float:
    began = time.process_time()
    for _ in batches(source, bounded):
        pass
    return time.process_time() - began


def run(model: str, source: str, rows: int) -> float:
    """Matrices that lie in memory, over and over until ``rows`` are answered."""
    session, name = session_of(model)
    kept = [matrix(batch) for batch in _first(source)]
    session.run(None, {name: kept[0]})
    began, done = time.process_time(), 0
    while done < rows:
        for one in kept:
            session.run(None, {name: one})
            done += len(one)
    return (time.process_time() - began) * rows / done


def encode(model: str, source: str, dest: str, rows: int) -> float:
    """Answers that lie in memory, over and over until ``rows`` are written."""
    session, name = session_of(model)
    kept = [answers(batch, *session.run(None, {name: matrix(batch)})) for batch in _first(source)]
    began, done = time.process_time(), 0
    with pq.ParquetWriter(f"{dest}.parquet", kept[0].schema) as writer:
        while done < rows:
            for one in kept:
                writer.write_batch(one)
                done += one.num_rows
    return (time.process_time() - began) * rows / done


def _first(source: str) -> Iterator[pa.RecordBatch]:
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
    elif what == "decode":
        print(min(decode(source, bounded) for bounded in (True, False)))
    elif what == "run":
        print(run(model, source, rows))
    else:
        print(encode(model, source, dest, rows))


main(*sys.argv[1:])
