"""Opens what is to be explained: a zip, a folder or an artifact, as a folder that may be worked in."""

import io
import json
import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from packager.errors import ArtifactError

_LEVEL = 9
_CHUNK = 1 << 20
MOST_BYTES = 4 << 30
MOST_FILES = 200_000
_ENTRY_BYTES = 94
"""What a zip takes for a file beside its name (twice) and its content: its two headers."""
_UNIX_TIME = 0x5455
_LAYER = "python/"


@dataclass(frozen=True, slots=True)
class Item:
    """One file: its path, its size, and what it takes in the archive."""

    path: str
    unzipped_bytes: int
    zipped_bytes: int


@dataclass(frozen=True, slots=True)
class Device:
    """The device that a bundle is for, and what its profile allows a bundle to take."""

    name: str
    flash_bytes: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened. ``root`` is a copy of its files; ``prefix`` is where a layer's packages are in it;
    ``device`` is that of a bundle, ``is_job`` is true of a batch job."""

    path: Path
    items: tuple[Item, ...]
    zipped_bytes: int
    root: Path
    prefix: str
    artifact: Path | None
    device: Device | None = None
    is_job: bool = False

    @property
    def is_listed(self) -> bool:
        """Whether its manifest names its files, so that none can be cut out of it."""
        return self.is_job or self.device is not None

    @property
    def code(self) -> Path:
        """The folder that is on Python's path."""
        return self.root / self.prefix


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """The files of ``path``, copied into a scratch folder that goes away again."""
    if not path.exists():
        raise ArtifactError(f"there is nothing at {path}", "name a zip, a folder or dist/NAME/lambda")
    artifact = artifact_of(path)
    with tempfile.TemporaryDirectory(prefix="packager-sizes-") as scratch:
        root = Path(scratch) / "whole"
        root.mkdir()
        bundle, device = _bundle_of(path)
        job = job_of(path)
        source = artifact / "function.zip" if artifact is not None else bundle or job or path
        if source.is_dir():
            items = _copy(source, root)
            total = sum(item.zipped_bytes + _headers(item.path) for item in items)
        else:
            items, total = unpack(source, root), source.stat().st_size
        yield Opened(path, items, total, root, _prefix(items), artifact, device, job is not None)


def _bundle_of(path: Path) -> tuple[Path, Device] | tuple[None, None]:
    """The bundle of an edge artifact, or the one that ``path`` is."""
    for folder in (path / "bundle", path):
        try:
            device = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["device"]
            return folder, Device(str(device["name"]), int(device["flash_mb"]) << 20)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None, None


def job_of(path: Path) -> Path | None:
    """The folder of a batch job that runs: in its artifact, or ``path`` itself."""
    folders = (path / "job", path)
    return next((one for one in folders if (one / "runtimes" / "batch" / "__init__.py").is_file()), None)


def artifact_of(path: Path) -> Path | None:
    """The artifact's folder, where ``path`` is one of packager's or its function."""
    place = path.resolve()
    found = place.parent if place.name in ("function", "function.zip") else place
    ours = ("template.yaml", "function.zip", "build.json")
    return found if all((found / name).is_file() for name in ours) else None


def deflated(content: bytes | Path) -> int:
    """The size in a zip of a content, or of a file, which need not fit into memory."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as source:
        size = sum(len(packer.compress(chunk)) for chunk in iter(lambda: source.read(_CHUNK), b""))
    return size + len(packer.flush())


def _headers(name: str) -> int:
    return _ENTRY_BYTES + 2 * len(name.encode())


def _prefix(items: Sequence[Item]) -> str:
    """`python/`, or the site folder in it, where every file is in there: that is a layer."""
    if not items or not all(item.path.startswith(_LAYER) for item in items):
        return ""
    parts = PurePosixPath(items[0].path).parts[:4]
    site = "/".join(parts) + "/"
    inside = len(parts) == 4 and parts[3] == "site-packages"
    return site if inside and all(item.path.startswith(site) for item in items) else _LAYER


def _copy(source: Path, root: Path) -> tuple[Item, ...]:
    """A folder's files, each with its size as it would be zipped. Links out of the folder are refused."""
    names = []
    for folder, _, files in os.walk(source):
        names += [(Path(folder) / name).relative_to(source).as_posix() for name in files]
    if len(names) > MOST_FILES:
        raise ArtifactError(f"{source} has {len(names)} files, and at most {MOST_FILES} are looked at")
    for name in names:
        if not (source / name).resolve().is_relative_to(source.resolve()):
            raise ArtifactError(f"{source} has a link that leaves it: {name}")
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, root / name)
    with ThreadPoolExecutor() as pool:  # zlib works without Python's lock
        return tuple(pool.map(lambda name: _measured(root, name), sorted(names)))


def _measured(root: Path, name: str) -> Item:
    return Item(name, (root / name).stat().st_size, deflated(root / name))


def unpack(archive: Path, root: Path) -> tuple[Item, ...]:
    """A zip's files with their dates, as Lambda unpacks them. What would leave the folder is refused."""
    try:
        with zipfile.ZipFile(archive) as source:
            entries = [entry for entry in source.infolist() if not entry.is_dir()]
            _check(archive, entries)
            for entry in entries:
                _unpack_one(source, entry, root / entry.filename)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error) as error:
        raise ArtifactError(
            f"{archive} cannot be read as a zip: {error}", "name a zip, a folder or dist/NAME/lambda"
        ) from error
    return tuple(Item(entry.filename, entry.file_size, entry.compress_size) for entry in entries)


def _check(archive: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES:
        raise ArtifactError(f"{archive} has {len(entries)} files, and at most {MOST_FILES} are looked at")
    total = sum(entry.file_size for entry in entries)
    if total > MOST_BYTES:
        raise ArtifactError(
            f"{archive} would unpack to {total / 1e9:.1f} GB, which no function has (at most "
            f"{MOST_BYTES / 1e9:.1f} GB are looked at)"
        )
    names: set[str] = set()
    for entry in entries:
        name = entry.filename
        if entry.flag_bits & 1:
            raise ArtifactError(f"{archive} is encrypted, so its files cannot be looked at")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ArtifactError(f"{archive} holds a link, {name!r}", "zip what it links to: without zip's -y")
        if _leaves(name):
            raise ArtifactError(f"{archive} holds a file that is not in it: {name!r}")
        if name in names:
            raise ArtifactError(f"{archive} holds two files {name!r}")
        names.add(name)


def _leaves(name: str) -> bool:
    """Whether a name would be written somewhere else: zips are made by anyone."""
    return name.startswith("/") or "\\" in name or name[1:2] == ":" or ".." in name.split("/")


def _unpack_one(source: zipfile.ZipFile, entry: zipfile.ZipInfo, dest: Path) -> None:
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        with source.open(entry) as packed, dest.open("wb") as file:
            shutil.copyfileobj(packed, file)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise ArtifactError(f"the zip holds a file where it has a folder: {entry.filename!r}") from error
    dest.chmod(0o755 if entry.external_attr >> 16 & 0o100 else 0o644)
    date_s = _date_s(entry)
    os.utime(dest, (date_s, date_s))


def _date_s(entry: zipfile.ZipInfo) -> int:
    """The file's date: to the second where the zip has it, else to two seconds, as if it were UTC."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == _UNIX_TIME and size >= 5 and extra[4] & 1:
            return int(struct.unpack_from("<i", extra, 5)[0])
        extra = extra[4 + size :]
    try:
        return int(datetime(*entry.date_time, tzinfo=UTC).timestamp())
    except ValueError:
        return 0
