"""The job's own engine alone, on matrices in memory: `python own_engine.py JOB INPUT`, with JOB on the path.

Prints the processor seconds of its loop for as many rows as INPUT has.
"""

import sys
import time
from itertools import cycle

import pyarrow as pa
import pyarrow.parquet as pq

from runtimes.core.engines import open_engine
from runtimes.core.manifest import read_manifest
from runtimes.core.tensors import Tensor

ROWS = 16_384
IN_MEMORY = 1_000_000
ENOUGH_S = 3.0


def main(job: str, source: str) -> None:
    """As `smallest.py` does with the package onnxruntime."""
    file = pq.ParquetFile(source)
    manifest = read_manifest(job)
    (given,) = manifest.signature.inputs
    names = [name for name in file.schema_arrow.names if name != "id"]
    wanted = pa.schema([(name, given.dtype.replace("float64", "double")) for name in names])
    kept: list[Tensor] = []
    for batch in file.iter_batches(ROWS, columns=names, use_threads=False):
        matrix = batch.cast(wanted).to_tensor(row_major=True)
        kept.append(Tensor(given.dtype, matrix.shape, memoryview(matrix)))
        if len(kept) * ROWS >= IN_MEMORY:
            break
    engine = open_engine(manifest)
    engine.run(kept[:1])
    rows, done = file.metadata.num_rows, 0
    began = time.process_time()
    for tensor in cycle(kept):
        engine.run([tensor])
        done += tensor.shape[0]
        if done >= rows or time.process_time() - began > ENOUGH_S:
            break
    print((time.process_time() - began) * rows / done)


main(*sys.argv[1:])
