"""Carries cuts out: in a trial's folder, and for good in a zip or a folder of their own."""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from packager.bundle.archive import pack
from packager.errors import ArtifactError
from packager.layout import files_in
from packager.sizes.candidates import Added, Candidate
from packager.trimming.tree import copy_without


def carry_out(code: Path, dest: Path, cuts: Sequence[Candidate]) -> None:
    """The folder ``code`` again as ``dest`` without what the cuts remove, and with what they add."""
    dest.mkdir(parents=True)
    copy_without(code, dest, frozenset().union(*(cut.removed for cut in cuts)))
    for file in added(cuts):
        (dest / file.path).parent.mkdir(parents=True, exist_ok=True)
        (dest / file.path).write_bytes(file.content)


def added(cuts: Sequence[Candidate]) -> list[Added]:
    """What comes in the place of sources: not for those that another cut takes."""
    gone = frozenset().union(*(cut.removed for cut in cuts if not cut.added))
    return [file for cut in cuts for file in cut.added if file.source not in gone]


def demand_free(dest: Path) -> None:
    """Nothing that is there is ever replaced."""
    if dest.exists():
        raise ArtifactError(f"{dest} exists, so it is not written", "name another place: --apply OUT.zip")
    if not dest.resolve().parent.is_dir():
        raise ArtifactError(f"there is no folder {dest.resolve().parent} to write {dest.name} into")


def write(root: Path, dest: Path, judge: Callable[[Path], None]) -> None:
    """The folder ``root`` as ``dest``, a zip by its name's ending: renamed when ``judge`` agrees."""
    with tempfile.TemporaryDirectory(prefix=f".{dest.name}-", dir=dest.resolve().parent) as work:
        beside = Path(work, dest.name)
        if dest.suffix == ".zip":
            files = [(file, os.access(root / file.dest, os.X_OK)) for file in files_in(root)]
            pack("zip", [type(file)(file.dest, file.source, runs) for file, runs in files], beside)
        else:
            shutil.copytree(root, beside)
        judge(beside)
        beside.rename(dest)
