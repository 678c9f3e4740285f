"""Zip files that hold models: their entries, and a bound on what they unpack to."""

import zipfile
from pathlib import Path

from packager.converters.failure import SourceError

_LARGEST_RATIO = 256
_FREE = 64 << 20


def entries(path: Path) -> dict[str, int]:
    """Sizes by name below the archive's one folder."""
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if total > _FREE + _LARGEST_RATIO * path.stat().st_size:
        raise SourceError(
            f"{path.name} is {path.stat().st_size:,} bytes and unpacks to {total:,}: it is not opened"
        )
    return {info.filename: info.file_size for info in infos}


def read_entry(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        raise SourceError(f"{path.name} is a damaged archive: {error}") from error


def below_root(name: str, names: dict[str, int]) -> str:
    """The entry's name without the folder that holds all entries, if there is one."""
    roots = {other.partition("/")[0] for other in names}
    return name.partition("/")[2] if len(roots) == 1 and "/" in name else name
