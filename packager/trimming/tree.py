"""Folders to try things in: a layout's files, and copies of them that lack some."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from packager.layout import IncludedFile

_LARGE_BYTES = 8_000_000
"""A larger file (an engine, a model) is linked to, not copied: nothing that is run here writes to it."""


def place(files: Iterable[IncludedFile], dest: Path) -> None:
    """Write the files into the folder ``dest``."""
    for file in files:
        path = dest / file.dest
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(file.source, bytes):
            path.write_bytes(file.source)
        elif file.size_bytes > _LARGE_BYTES:
            path.symlink_to(file.source.resolve())
        else:
            shutil.copyfile(file.source, path)


def copy_without(source: Path, dest: Path, left_out: frozenset[str]) -> None:
    """The tree ``source`` again as ``dest``, which is on the same disk, without some of its files.

    Files are linked, so that this takes no space; folders that would be empty are not there, as in a zip.
    """
    for folder, _, names in os.walk(source):
        inside = Path(folder).relative_to(source)
        kept = [name for name in names if (inside / name).as_posix() not in left_out]
        if kept:
            (dest / inside).mkdir(parents=True, exist_ok=True)
        for name in kept:
            # A link is linked to as one: what it names may lie on another disk.
            os.link(Path(folder) / name, dest / inside / name, follow_symlinks=False)
