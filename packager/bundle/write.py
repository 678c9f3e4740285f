"""Writes a layout beside its place, lets the caller judge it, and only then puts it there."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from packager.bundle import archive as archives
from packager.bundle import size
from packager.errors import ArtifactError
from packager.layout import Archive, IncludedFile, Layout

CHECKSUMS = "SHA256SUMS"
REPORT = "build.json"
"""The caller's own record of the build, which has times in it: the only file without a checksum."""


@dataclass(frozen=True, slots=True)
class PartSize:
    """What one top-level part of an archive takes."""

    name: str
    zipped_bytes: int
    unzipped_bytes: int


@dataclass(frozen=True, slots=True)
class WrittenArchive:
    """One archive as it was written; ``path`` is where it stands once ``write`` has returned."""

    path: Path
    size_bytes: int
    unzipped_bytes: int
    sha256: str
    parts: tuple[PartSize, ...]
    notes: tuple[str, ...] = ()


Judge = Callable[[Path, tuple[WrittenArchive, ...]], None]


def write(
    layout: Layout,
    dest: Path,
    judge: Judge | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[WrittenArchive, ...]:
    """Write the layout as the folder ``dest``, in one step, and return its archives.

    Sizes are checked before anything is written. ``judge`` gets the finished folder, still beside its
    place, with the archives' records: it may add ``build.json``, and when it raises, nothing is left. An
    artifact that stood there before is replaced; any other folder is refused.
    """
    entries = _checked(layout)
    _refuse_foreign(dest)
    notes = {item.dest: size.check_unzipped(layout, item, entries) for item in layout.archives}
    with _parent_of(dest), tempfile.TemporaryDirectory(prefix=f".{dest.name}-", dir=dest.parent) as work:
        stage = Path(work, dest.name)
        stage.mkdir()
        written = tuple(
            _pack(layout, item, entries, stage, dest, notes[item.dest], say) for item in layout.archives
        )
        for entry in entries:
            place(entry, stage)
        _write_checksums(stage)
        normalise(stage)
        if judge is not None:
            judge(stage, written)
            normalise(stage)  # what the judge added, too
        swap(stage, dest, Path(work, "replaced"))
    return written


@contextmanager
def _parent_of(dest: Path) -> Iterator[None]:
    """Make the folders above ``dest``; those that were made for nothing go again."""
    made = [folder for folder in dest.parents if not folder.exists()]
    dest.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for folder in made:  # the innermost first
            with suppress(OSError):  # it holds something: the artifact, or another build's
                folder.rmdir()


def _checked(layout: Layout) -> tuple[IncludedFile, ...]:
    """The entries, sorted; two files of one name, or one that leaves the folder, is a bug of the target."""
    entries = sorted(layout.entries, key=lambda entry: entry.dest)
    names = [entry.dest for entry in entries] + [item.dest for item in layout.archives]
    for name in names:
        if name.startswith("/") or "\\" in name or any(part in {"", ".", ".."} for part in name.split("/")):
            raise ArtifactError(f"the layout of {layout.target} has a file outside its folder: {name!r}")
    doubled = (
        sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    )
    if doubled:
        raise ArtifactError(f"the layout of {layout.target} has two files {doubled[0]!r}")
    return tuple(entries)


def _refuse_foreign(dest: Path) -> None:
    """Replace what packager wrote, never what someone else did."""
    if dest.is_dir() and not (dest / CHECKSUMS).is_file() and any(dest.iterdir()):
        raise ArtifactError(
            f"{dest} exists and is not an artifact (it has no {CHECKSUMS}), so it is not replaced",
            hint="move it away, or choose another --output or --name",
        )
    if dest.exists() and not dest.is_dir():
        raise ArtifactError(f"{dest} is a file, and the artifact would be a folder of that name")


def _pack(
    layout: Layout,
    item: Archive,
    entries: tuple[IncludedFile, ...],
    stage: Path,
    dest: Path,
    notes: tuple[str, ...],
    say: Callable[[str], None],
) -> WrittenArchive:
    """Make one archive first, since its size decides whether anything else is written."""
    inside = size.inside(item, entries)
    unzipped = sum(entry.size_bytes for entry in inside)
    say(f"packing {item.dest}: {len(inside)} files, {size.megabytes(unzipped)}")
    path = stage / item.dest
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = archives.pack(item.format, inside, path)
    size_bytes = path.stat().st_size
    notes += size.check_zipped(layout, item, size_bytes)
    parts = tuple(PartSize(name, *packed.parts[name]) for name in sorted(packed.parts))
    return WrittenArchive(dest / item.dest, size_bytes, unzipped, _digest(path), parts, notes)


def place(entry: IncludedFile, stage: Path) -> None:
    """Write one file into the folder ``stage``."""
    path = stage / entry.dest
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(entry.source, bytes):
        path.write_bytes(entry.source)
    else:
        shutil.copyfile(entry.source, path)
    path.chmod(0o755 if entry.executable else 0o644)


def _write_checksums(stage: Path) -> None:
    """`sha256sum --check` reads it, in the artifact's folder."""
    names = sorted(path.relative_to(stage).as_posix() for path in stage.rglob("*") if path.is_file())
    lines = "".join(f"{_digest(stage / name)}  {name}\n" for name in names if name != REPORT)
    (stage / CHECKSUMS).write_text(lines)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def normalise(stage: Path) -> None:
    """Permissions and dates of no one's umask and clock; executables were marked when they were placed."""
    epoch_s = archives.date_epoch_s()
    for path in [stage, *stage.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
        elif not path.stat().st_mode & 0o100:
            path.chmod(0o644)
        os.utime(path, (epoch_s, epoch_s))


def swap(stage: Path, dest: Path, replaced: Path) -> None:
    """Two renames: an older artifact goes aside and comes back when the new one cannot take its place."""
    if dest.exists():
        dest.rename(replaced)
    try:
        stage.rename(dest)
    except OSError:
        if replaced.exists():
            replaced.rename(dest)
        raise
