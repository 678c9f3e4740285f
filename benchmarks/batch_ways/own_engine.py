"""The job's own engine alone, on matrices in memory: `python own_engine.py JOB INPUT`, with JOB on the path.

Prints the processor seconds of its loop for as many rows as INPUT has.
"""

import sys
import time

import pyarrow.parquet as pq

from runtimes.core.engines import open_engine
from runtimes.core.manifest import read_manifest
from runtimes.core.tensors import Tensor

ROWS = 16_384
IN_MEMORY = 1_000_000


def main(job: str, source: str) -> None:
    """As `smallest.py` does with the package onnxruntime."""
    file = pq.ParquetFile(source)
    names = [name for name in file.schema_arrow.names if name != "id"]
    kept: list[Tensor] = []
    for batch in file.iter_batches(ROWS, columns=names, use_threads=False):
        matrix = batch.to_tensor(row_major=True)
        kept.append(Tensor("float32", matrix.shape, memoryview(matrix)))
        if len(kept) * ROWS >= IN_MEMORY:
            break
    engine = open_engine(read_manifest(job))
    engine.run(kept[0:1])
    rows, done = file.metadata.num_rows, 0
    began = time.process_time()
    while done < rows:
        for tensor in kept:
            engine.run([tensor])
            done += tensor.shape[0]
    print((time.process_time() - began) * rows / done)


main(*sys.argv[1:])
