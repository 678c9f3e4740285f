"""The bytes of a text file as they were before compression, and what shows that they are no text to read."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.formats.reading import reading
from runtimes.batch.work import InputFile

MARK = b"\xef\xbb\xbf"
HEAD_BYTES = 1 << 20
"""What of a file's beginning says how it is made."""

_OTHERS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"PK\x03\x04": "a zip archive",
}
_ENDINGS = {"gzip": ".gz", "zstd": ".zst"}


class Content:
    """Reads a file's content in order, from ``start`` on. ``source``: a path, or what Arrow reads from."""

    def __init__(self, file: InputFile, kind: str, source: str | pa.NativeFile, start: int = 0) -> None:
        self._file = file
        self._kind = kind
        with reading(file, kind):
            self._raw = pa.OSFile(source) if isinstance(source, str) else source
            self._own = isinstance(source, str)
            if start or not self._own:
                self._raw.seek(start)
            self._stream = self._raw
            if file.compression:
                self._stream = pa.CompressedInputStream(self._raw, file.compression)

    def read(self, size_bytes: int) -> bytes:
        """The next bytes; fewer only at the end."""
        with reading(self._file, self._kind):
            data = bytes(self._stream.read(size_bytes))
            while self._file.compression and len(data) < size_bytes:
                more = self._stream.read(size_bytes - len(data))
                if not more:
                    break
                data += more
        return data

    def close(self) -> None:
        """Let go of the file, if it was opened here."""
        if self._own:
            self._raw.close()


def read_head(file: InputFile, kind: str, source: str | pa.NativeFile) -> bytes:
    """The beginning of the content."""
    content = Content(file, kind, source)
    try:
        return content.read(HEAD_BYTES)
    finally:
        content.close()


def refuse_others(file: InputFile, kind: str, head: bytes) -> None:
    """A JobError where the beginning shows that it is no text in UTF-8."""
    found = next((name for begin, name in _OTHERS.items() if head.startswith(begin)), None)
    if found is None and _alternates(head[:512]):
        found = "UTF-16"
    if found is None:
        return
    if found.startswith("UTF"):
        hint = f"write it in UTF-8: iconv -f {found} -t UTF-8"
    elif found in _ENDINGS:
        hint = f"let its name end in {_ENDINGS[found]}"
    else:
        hint = "name its format with --input-format"
    raise JobError(f"{file.uri} is read as {kind}, but it is {found}", hint)


def _alternates(head: bytes) -> bool:
    """Whether about every second byte is zero, as in UTF-16 without a mark."""
    zeros = (head[0::2].count(0), head[1::2].count(0))
    return 4 * max(zeros) > len(head) >= 4 and not min(zeros)
