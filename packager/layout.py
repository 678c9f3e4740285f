"""What goes into an artifact, as values: a target describes it here, and `bundle` alone writes it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from packager.model import ModelFile

Arch = Literal["x86_64", "arm64", "armv7", "riscv64"]
_MACHINES: dict[Arch, str] = {"arm64": "aarch64", "armv7": "armv7l"}
ArchiveFormat = Literal["zip", "tar.gz"]
OwnCode = Literal["packed", "beside"]
Favour = Literal["start", "throughput"]
SizeKind = Literal["zipped", "unzipped"]


@dataclass(frozen=True, slots=True)
class Platform:
    """The machine that an artifact is for: its processor, its Python, and the libraries it brings.

    ``glibc`` and ``glibcxx`` are the newest symbol versions that it has; ``libraries`` are the shared
    libraries that are there without being in the artifact. A machine with musl has glibc "0": no library that
    asks for glibc loads there.
    """

    arch: Arch
    python: str
    glibc: str
    glibcxx: str
    libraries: tuple[str, ...]

    @property
    def machine(self) -> str:
        """The processor's name as ELF, wheels and the kernel write it."""
        return _MACHINES.get(self.arch, self.arch)


@dataclass(frozen=True, slots=True)
class IncludedFile:
    """One file: ``dest`` is its path in the artifact (with `/`), ``source`` its content or where that is."""

    dest: str
    source: Path | bytes
    executable: bool = False

    @property
    def size_bytes(self) -> int:
        """Its size, read from the source."""
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size

    def under(self, folder: str) -> "IncludedFile":
        """The same file inside ``folder``."""
        return IncludedFile(f"{folder}/{self.dest}", self.source, self.executable)

    def read(self) -> bytes:
        """Its content."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()


def files_in(folder: Path) -> tuple[IncludedFile, ...]:
    """Every file in a folder, sorted by path."""
    found = sorted(
        (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()
    )
    return tuple(IncludedFile(dest, path) for dest, path in found)


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """The largest size that the target takes. Over it the artifact is refused, or (``refuse`` false)
    the report says so; ``hint`` says what to do."""

    kind: SizeKind
    max_bytes: int
    name: str
    hint: str
    refuse: bool = True


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive of an artifact: everything under ``folder``, packed into the file ``dest``.

    One with ``entries`` of its own holds these instead, which lie nowhere else in the artifact.
    """

    dest: str
    folder: str
    format: ArchiveFormat = "zip"
    limits: tuple[SizeLimit, ...] = ()
    entries: tuple[IncludedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """What is in an artifact's folder: its files and the archives made of them."""

    target: str
    entries: tuple[IncludedFile, ...]
    archives: tuple[Archive, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a target lays out: the model and its manifest, and what was made for the target's platform.

    ``runtime`` holds the shipped sources or their byte-code, ``packages`` the third-party packages, both
    with paths relative to the artifact's root; ``library`` is the engine's shared library, which goes to
    ``library_dest`` (the manifest's ``engine.library``) and loads on ``library_glibc`` and newer; all
    three are None for an engine that has none.
    ``tolerance``: what the build allows of each output, by name.
    """

    name: str
    model: ModelFile
    manifest_json: bytes
    golden_json: bytes
    runtime: tuple[IncludedFile, ...]
    packages: tuple[IncludedFile, ...] = ()
    library: Path | None = None
    library_dest: str | None = None
    licences: tuple[IncludedFile, ...] = ()
    library_glibc: str | None = None
    tolerance: dict[str, dict[str, float]] = field(default_factory=dict)
