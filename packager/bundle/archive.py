"""Packs archives whose bytes depend on the files' names and content alone."""

import gzip
import io
import os
import tarfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from packager.errors import ConfigError
from packager.layout import ArchiveFormat, IncludedFile

_FIRST_ZIP_DATE_S = 315_532_800  # 1980-01-01, the first day that a zip can name
_LAST_ZIP_DATE_S = 4_354_819_198  # 2107-12-31
_LEVEL = 9
_BY_FILE = ("lib/", "model/")


@dataclass(frozen=True, slots=True)
class Packed:
    """Bytes in the archive and unpacked, by top-level part; of the engine and the model by file."""

    parts: dict[str, tuple[int, int]]


def date_epoch_s() -> int:
    """The date that every file gets: 1980-01-01, or SOURCE_DATE_EPOCH."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return _FIRST_ZIP_DATE_S
    if not text.isascii() or not text.isdigit():
        raise ConfigError(
            f"SOURCE_DATE_EPOCH is {text!r}, which is no number of seconds since 1970",
            hint="unset it, or use something like SOURCE_DATE_EPOCH=1700000000",
        )
    return min(max(int(text), _FIRST_ZIP_DATE_S), _LAST_ZIP_DATE_S)


def pack(kind: ArchiveFormat, files: Sequence[IncludedFile], dest: Path) -> Packed:
    """Write ``files`` (sorted already) as one archive."""
    return Packed(_pack_zip(files, dest) if kind == "zip" else _pack_tar(files, dest))


def _pack_zip(files: Sequence[IncludedFile], dest: Path) -> dict[str, tuple[int, int]]:
    date = time.gmtime(date_epoch_s())[:6]
    parts: dict[str, tuple[int, int]] = {}
    with zipfile.ZipFile(dest, "w", strict_timestamps=True) as target:
        for file in files:
            info = zipfile.ZipInfo(file.dest, date)
            info.create_system = 3  # Unix: the permissions beneath are read
            info.external_attr = (0o100755 if file.executable else 0o100644) << 16
            target.writestr(info, file.read(), zipfile.ZIP_DEFLATED, _LEVEL)
            _add(parts, file.dest, info.compress_size, info.file_size)
    return parts


def _pack_tar(files: Sequence[IncludedFile], dest: Path) -> dict[str, tuple[int, int]]:
    """A pax archive in gzip without a name or date; a part's size is what it adds to those before it."""
    parts: dict[str, tuple[int, int]] = {}
    epoch_s = date_epoch_s()
    with (
        dest.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as target,
    ):
        for part, group in groupby(files, lambda file: part_of(file.dest)):
            before, unpacked_bytes = raw.tell(), 0
            for file in group:
                content = file.read()
                info = tarfile.TarInfo(file.dest)
                info.size, info.mtime, info.mode = len(content), epoch_s, 0o755 if file.executable else 0o644
                target.addfile(info, io.BytesIO(content))
                unpacked_bytes += len(content)
            packed.flush()  # so that what is written is this part's
            _add(parts, part, raw.tell() - before, unpacked_bytes)
    return parts


def part_of(name: str) -> str:
    """The top-level part that a file belongs to; the engine and the model are parts file by file."""
    return name if name.startswith(_BY_FILE) else name.partition("/")[0]


def _add(parts: dict[str, tuple[int, int]], name: str, packed_bytes: int, unpacked_bytes: int) -> None:
    top = part_of(name)
    packed, unpacked = parts.get(top, (0, 0))
    parts[top] = packed + packed_bytes, unpacked + unpacked_bytes
