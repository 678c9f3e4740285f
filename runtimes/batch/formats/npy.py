"""NumPy's `.npy`: one column named `array`, a row for each entry of the first axis, over the mapped file.

``[n]`` is a column of numbers; of ``[n, f, …]`` each row is a list of fixed size, nested as the axes are.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from runtimes.batch.errors import JobError
from runtimes.batch.formats.parquet import coalesce
from runtimes.batch.formats.reading import BLOCK_BYTES, Numbered, bounded_rows, damaged, reading
from runtimes.batch.work import Block, Cut, Described, InputFile, Wanted
from runtimes.core.errors import RequestError
from runtimes.core.npy import MAX_START, read_start
from runtimes.core.tensors import DTYPES, size_of

COLUMN = "array"
_KIND = ".npy"


def describe(
    file: InputFile,
    source: pa.NativeFile,
    wanted: Wanted,  # noqa: ARG001 – what is wanted does not change where the file may be cut
    shard_rows: int,
    shard_bytes: int,
) -> Described:
    """Reads the header."""
    with reading(file, _KIND):
        source.seek(0)
        layout = _Layout(file, source.read(MAX_START))
    expected = layout.start + layout.count * layout.row_bytes
    if expected != file.size_bytes:
        raise damaged(file, _KIND, f"by its header it has {expected} bytes, but it has {file.size_bytes}")
    rows = max(1, min(shard_rows, shard_bytes // layout.row_bytes))
    cuts = [layout.cut(start, min(start + rows, layout.count)) for start in range(0, layout.count, rows)]
    return Described(layout.schema, tuple(cuts))


def blocks(file: InputFile, path: str, cut: Cut, wanted: Wanted) -> Iterator[Block]:
    """Some rows after the other, where they lie; booleans alone are copied, from bytes to bits."""
    with reading(file, _KIND), open(path, "rb") as stream:
        mapped = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
    layout = _Layout(file, mapped[:MAX_START])
    if layout.start + cut.stop * layout.row_bytes > len(mapped) or not set(wanted.columns) <= {COLUMN}:
        raise damaged(file, _KIND, "it is not the file that was planned")
    rows, seen = bounded_rows(wanted.rows, layout.row_bytes), 0
    data = pa.py_buffer(mapped)
    for start in range(cut.start, cut.stop, rows):
        stop = min(start + rows, cut.stop)
        yield Block(layout.batch(data, start, stop), Numbered(start))
        seen += (stop - start) * layout.row_bytes
        if seen > BLOCK_BYTES:
            # What was read is dropped from this process: the system still has it, and memory stays flat.
            mapped.madvise(mmap.MADV_DONTNEED)
            seen = 0


class _Layout:
    """What the header of a file says, as Arrow's types."""

    __slots__ = ("_dtype", "_inner", "count", "row_bytes", "schema", "start")

    def __init__(self, file: InputFile, beginning: bytes) -> None:
        try:
            self._dtype, shape, self.start = read_start(beginning)
        except RequestError as refusal:
            reason, _, hint = refusal.message.partition(": ")[2].partition("; ")
            raise damaged(
                file, _KIND, reason, hint or "save an array of numbers with numpy.save"
            ) from refusal
        if not shape or 0 in shape[1:]:
            raise JobError(
                f"{file.uri} has the shape {list(shape)}, which has no rows of values",
                "save an array whose first axis counts the rows",
            )
        self.count, self._inner = shape[0], shape[1:]
        self.row_bytes = size_of(self._inner) * DTYPES[self._dtype][1]
        kind = _arrow_type(self._dtype)
        for size in reversed(self._inner):
            kind = pa.list_(kind, size)
        self.schema = pa.schema([pa.field(COLUMN, kind)])

    def cut(self, start: int, stop: int) -> Cut:
        begin, length = self.start + start * self.row_bytes, (stop - start) * self.row_bytes
        return Cut(start, stop, start, stop - start, coalesce([(0, self.start), (begin, length)]))

    def batch(self, data: pa.Buffer, start: int, stop: int) -> pa.RecordBatch:
        """Rows of the mapped file as a column."""
        begin, length = self.start + start * self.row_bytes, (stop - start) * self.row_bytes
        is_bool = self._dtype == "bool"
        kind = pa.uint8() if is_bool else _arrow_type(self._dtype)
        count = (stop - start) * size_of(self._inner)
        column = pa.Array.from_buffers(kind, count, [None, data.slice(begin, length)])
        if is_bool:
            column = pc.cast(column, pa.bool_())
        for size in reversed(self._inner):
            column = pa.FixedSizeListArray.from_arrays(column, size)
        return pa.RecordBatch.from_arrays([column], schema=self.schema)


def _arrow_type(dtype: str) -> pa.DataType:
    return {"bool": pa.bool_(), "float16": pa.float16()}.get(dtype) or pa.type_for_alias(dtype)
