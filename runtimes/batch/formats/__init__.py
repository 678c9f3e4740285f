"""Formats of input files: how each is described, cut, and read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.work import Block, Cut, Described, InputFile, Wanted

MODULES = {
    "parquet": "runtimes.batch.formats.parquet",
    "arrow": "runtimes.batch.formats.arrow",
    "npy": "runtimes.batch.formats.npy",
    "csv": "runtimes.batch.formats.csv",
    "jsonl": "runtimes.batch.formats.jsonl",
}
SUFFIXES = {
    ".parquet": "parquet", ".pq": "parquet",
    ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".npy": "npy",
    ".csv": "csv", ".tsv": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_OTHERS = (".bz2", ".xz", ".lz4", ".zip", ".7z", ".br", ".tar", ".tgz", ".snappy")


class Format(Protocol):
    """What a module of a format has."""

    def describe(
        self, file: InputFile, source: pa.NativeFile, wanted: Wanted, shard_rows: int, shard_bytes: int
    ) -> Described:
        """Columns and cuts; ``source`` reads anywhere in the file. Only little of it is read, but for
        compressed text its beginning. JobError for what is no such file, naming it."""

    def blocks(self, file: InputFile, path: str, cut: Cut, wanted: Wanted) -> Iterator[Block]:
        """The rows of a cut in order. ``path``: the file itself, or one of the same size that holds at least
        the cut's spans. JobError where it is damaged: a file that breaks off is no matter of bad rows."""


def format_of(name: str) -> tuple[str, str]:
    """Format and compression by a file's name; JobError for one that is unknown."""
    stem, compression = name.lower(), ""
    for suffix, kind in COMPRESSIONS.items():
        if stem.endswith(suffix):
            stem, compression = stem[: -len(suffix)], kind
    for suffix, found in SUFFIXES.items():
        if stem.endswith(suffix):
            if compression and found not in ("csv", "jsonl"):
                raise JobError(
                    f"{name} is {found} in {compression}",
                    f"write {found} files as they are: they compress by themselves",
                )
            return found, compression
    other = next((suffix for suffix in _OTHERS if stem.endswith(suffix)), None)
    if other is not None:
        raise JobError(f"{name} is compressed in a way that is not read", "write text as .gz or .zst")
    folder = name.rpartition("/")[0] or "."
    hint = f"name it with --input-format, or others alone with a glob such as '{folder}/*.csv'"
    raise JobError(f"the format of {name} is not known by its name", hint)


def find(name: str) -> Format:
    """The module of a format."""
    return cast(Format, import_module(MODULES[name]))
