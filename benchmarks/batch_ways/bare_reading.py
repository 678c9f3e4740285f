"""pyarrow's own reading of a file, block by block, and nothing else: `python bare_reading.py INPUT`.

Prints the processor seconds of its loop.
"""

import sys
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

ROWS = 16_384
BUFFER = 1 << 16
BLOCK = 8 << 20


def read(source: str) -> Iterator[Any]:
    """Numbers as float32, as the model takes them."""
    if source.endswith(".parquet"):
        import pyarrow.parquet as pq

        # The settings that keep the memory small, which cost no time: pages are decoded as they are needed.
        opened = pq.ParquetFile(source, buffer_size=BUFFER, pre_buffer=False)
        yield from opened.iter_batches(ROWS, use_threads=False)
    elif source.endswith(".arrow"):
        with pa.memory_map(source) as file:
            reader = pa.ipc.open_file(file)
            yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    elif source.endswith(".npy"):
        with pa.memory_map(source) as file:
            while data := file.read_buffer(BLOCK):
                yield data
    elif source.endswith(".jsonl"):
        import pyarrow.json

        options = pyarrow.json.ReadOptions(use_threads=False, block_size=BLOCK)
        parse = pyarrow.json.ParseOptions(explicit_schema=_schema())
        yield from pyarrow.json.open_json(source, read_options=options, parse_options=parse)
    else:
        import pyarrow.csv

        types = pyarrow.csv.ConvertOptions(column_types=_schema())
        read_options = pyarrow.csv.ReadOptions(use_threads=False, block_size=BLOCK)
        with pa.input_stream(source, compression="detect") as stream:
            yield from pyarrow.csv.open_csv(stream, read_options=read_options, convert_options=types)


def _schema() -> Any:
    return pa.schema([("id", pa.int64()), *((f"f{number}", pa.float32()) for number in range(20))])


def main(source: str) -> None:
    """Read all of it."""
    began = time.process_time()
    for _ in read(source):
        pass
    print(time.process_time() - began)


main(*sys.argv[1:])
