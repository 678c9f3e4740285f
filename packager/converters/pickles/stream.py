"""A pickle file as a seekable stream: decompressed by its magic bytes, and never without bound."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from packager.converters.failure import SourceError

_CHUNK = 1 << 20
_IN_MEMORY = 64 << 20
# Real models compress up to about 40 times; a bomb of zeros a thousand times and more.
_LARGEST_RATIO = 256
_LARGEST = 8 << 30
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "lzma"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x04\x22M\x18", "lz4"),
    (b"\x78\x01", "zlib"),
    (b"\x78\x5e", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
)


def compression_of(head: bytes) -> str | None:
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def open_stream(path: Path) -> IO[bytes]:
    """The plain bytes of the file, from its beginning."""
    with path.open("rb") as file:
        compression = compression_of(file.read(8))
    if compression is None:
        return path.open("rb")
    size = path.stat().st_size
    return _decompressed(path, compression, min(_LARGEST, _IN_MEMORY + _LARGEST_RATIO * size))


def _decompressed(path: Path, compression: str, limit: int) -> IO[bytes]:
    plain = cast(IO[bytes], tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
    written = 0
    try:
        for chunk in _chunks(path, compression):
            written += len(chunk)
            if written > limit:
                plain.close()
                raise SourceError(
                    f"{path.name} is {path.stat().st_size:,} bytes and unpacks to more than {limit:,}: "
                    "it is not opened",
                    hint="save the model without compression",
                )
            plain.write(chunk)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        plain.close()
        raise SourceError(f"{path.name} is a damaged {compression} file: {error}") from error
    plain.seek(0)
    return plain


def _chunks(path: Path, compression: str) -> Iterator[bytes]:
    if compression == "zlib":
        yield from _zlib_chunks(path)
        return
    with _opened(path, compression) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _opened(path: Path, compression: str) -> IO[bytes]:
    if compression == "gzip":
        return cast(IO[bytes], gzip.open(path))
    if compression == "bz2":
        return bz2.open(path)
    if compression == "lzma":
        return lzma.open(path)
    return _opened_lz4(path)


def _opened_lz4(path: Path) -> IO[bytes]:
    try:
        import lz4.frame
    except ImportError as error:
        raise SourceError(
            f"{path.name} is compressed with lz4, and the package lz4 is not installed",
            hint="pip install lz4, or save the model with compress='zlib'",
        ) from error
    return cast(IO[bytes], lz4.frame.open(path))


def _zlib_chunks(path: Path) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    with path.open("rb") as file:
        while not inflater.eof:
            packed = inflater.unconsumed_tail or file.read(_CHUNK)
            if not packed:
                raise EOFError("the compressed data ends too early")
            yield inflater.decompress(packed, _CHUNK)
