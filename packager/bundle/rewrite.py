"""Replaces small files of an artifact that stands already: in one step, with its checksums, or not at all."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packager.bundle.write import CHECKSUMS, normalise, place, swap
from packager.layout import IncludedFile


def rewrite(dest: Path, files: Sequence[IncludedFile]) -> None:
    """Put ``files`` in the place of those of the same name in the artifact ``dest``.

    Everything else is linked, not copied, so that a model of any size costs nothing.
    """
    with tempfile.TemporaryDirectory(prefix=f".{dest.name}-", dir=dest.resolve().parent) as work:
        stage = Path(work, dest.name)
        shutil.copytree(dest, stage, copy_function=_link, symlinks=True)
        for file in (*files, _checksums(dest, files)):
            (stage / file.dest).unlink()  # the link, never the file behind it
            place(file, stage)
        normalise(stage)
        swap(stage, dest, Path(work, "replaced"))


def _checksums(dest: Path, files: Sequence[IncludedFile]) -> IncludedFile:
    """The artifact's checksums with the new files' own; what has none gets none."""
    new = {file.dest: hashlib.sha256(file.read()).hexdigest() for file in files}
    lines = (dest / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    listed = (line.split("  ", 1) for line in lines)
    text = "".join(f"{new.get(name, digest)}  {name}\n" for digest, name in listed)
    return IncludedFile(CHECKSUMS, text.encode())


def _link(source: str, dest: str) -> None:
    try:
        os.link(source, dest)
    except OSError:  # a file system without hard links
        shutil.copy2(source, dest)
