"""The engine that ships: which release of which kind a platform can load, and its shared library."""

import hashlib
import shutil
import tomllib
from dataclasses import dataclass, field
from functools import cache as remember
from pathlib import Path
from typing import Any

from packager import cache, resources, tools
from packager.dependencies import elf_rebind, installer
from packager.errors import DependencyError
from packager.layout import Arch, IncludedFile, Platform
from packager.model import Format

# One Python's wheel serves all: the library in it is not tied to a Python version.
_WHEEL_PYTHON = "3.12"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of engine: ``kind`` is its name in a manifest, the paths are patterns inside its wheel.

    One without a ``package`` is part of the shipped runtime and has no library.
    """

    kind: str
    name: str
    format: Format
    package: str = ""
    library: str = ""
    licences: tuple[str, ...] = ()
    dest: str = ""
    wheel_glibc: str = ""


@dataclass(frozen=True, slots=True)
class Rebinding:
    """Which symbol version of ``library`` to ask for instead of another, by architecture."""

    library: str
    old: str
    new: dict[Arch, str]


@dataclass(frozen=True, slots=True)
class OnnxLimits:
    """The newest ONNX models that an engine takes."""

    max_opset: int
    max_ml_opset: int
    max_ir_version: int


@dataclass(frozen=True, slots=True)
class Engine:
    """A release of a kind: the oldest glibc it loads on, by architecture, and which ONNX models it takes.

    ``operators``: it is for graphs of these alone; empty: for all. ``unsound``: operators that it computes
    otherwise on some processors of an architecture, which a function cannot choose among.
    """

    kind: Kind
    version: str
    glibc: dict[Arch, str]
    rebind: tuple[Rebinding, ...] = ()
    takes: OnnxLimits | None = None
    operators: frozenset[str] = frozenset()
    unsound: dict[Arch, frozenset[str]] = field(default_factory=dict)

    @property
    def dest(self) -> str | None:
        """Where its library goes in an artifact, if it has one."""
        return self.kind.dest or None


@dataclass(frozen=True, slots=True)
class EngineFiles:
    """What of an engine ships: its shared library, where that goes, the licences that must go with it, and
    the oldest glibc that it loads on.

    All is empty for one that is part of the runtime.
    """

    library: Path | None = None
    dest: str | None = None
    licences: tuple[IncludedFile, ...] = ()
    glibc: str | None = None


def kind_for(format: Format) -> str:
    """The kind of engine that runs a format."""
    return next(kind.kind for kind in kinds().values() if kind.format == format)


def choose_engine(kind: str, platform: Platform) -> Engine:
    """The newest release of a kind that loads on the platform; it is for every model."""
    for engine in engines():
        if engine.kind.kind == kind and not engine.operators and fits(engine, platform):
            return engine
    system = f"glibc {platform.glibc}" if platform.glibc != "0" else "musl"
    raise DependencyError(
        f"no release of {kinds()[kind].name} loads on {system} for {platform.arch}",
        hint="choose a newer system (--runtime, --device), or another processor; trees, linear models and "
        "small nets need no such library: --engine tiny, or --format c",
    )


def is_published(kind: str, platform: Platform) -> bool:
    """Whether any release of a kind loads there: libraries are published for x86_64 and arm64 with glibc."""
    return any(engine.kind.kind == kind and fits(engine, platform) for engine in engines())


def why_unpublished(kind: str, platform: Platform) -> str:
    """The clause that says why no release of a kind loads there."""
    name, arch = kinds()[kind].name, platform.arch
    needed = [engine.glibc[arch] for engine in engines() if engine.kind.kind == kind and arch in engine.glibc]
    if not needed or platform.glibc == "0":
        system = f"{arch} with musl" if platform.glibc == "0" else arch
        return f"no release of {name} is published for {system}"
    return f"{name} needs glibc {min(needed, key=_number)} on {arch}, and the target has {platform.glibc}"


def releases(kind: str, platform: Platform) -> tuple[Engine, ...]:
    """The newest release for the platform, and the smaller ones for certain operators."""
    narrow = (engine for engine in engines() if engine.kind.kind == kind and engine.operators)
    return (choose_engine(kind, platform), *(engine for engine in narrow if fits(engine, platform)))


def fits(engine: Engine, platform: Platform) -> bool:
    """Whether a release is for the platform's processor and loads on its glibc."""
    needed = engine.glibc.get(platform.arch)
    return needed is not None and _number(needed) <= _number(platform.glibc)


def known_release(kind: str, version: str) -> Engine:
    """The release that a manifest names."""
    for engine in engines():
        if (engine.kind.kind, engine.version) == (kind, version):
            return engine
    raise DependencyError(
        f"this packager does not know {kind} {version}, which the artifact's manifest names",
        hint="build the artifact again",
    )


@remember
def kinds() -> dict[str, Kind]:
    """The kinds of `data/engines.toml` by name."""
    rows: dict[str, dict[str, Any]] = _table()["kinds"]
    return {
        kind: Kind(kind=kind, **{**row, "licences": tuple(row.get("licences", ()))})
        for kind, row in rows.items()
    }


@remember
def engines() -> tuple[Engine, ...]:
    """The releases of `data/engines.toml`, of each kind the newest first."""
    return tuple(_engine(row) for row in _table()["engines"])


def _table() -> dict[str, Any]:
    return tomllib.loads((resources.DATA / "engines.toml").read_text())


def _engine(row: dict[str, Any]) -> Engine:
    return Engine(
        kind=kinds()[row["kind"]],
        version=row["version"],
        glibc=row["glibc"],
        rebind=tuple(_rebinding(entry) for entry in row.get("rebind", ())),
        takes=OnnxLimits(**row["takes"]) if "takes" in row else None,
        operators=frozenset(row.get("operators", ())),
        unsound={arch: frozenset(names) for arch, names in row.get("unsound", {}).items()},
    )


def _rebinding(row: dict[str, str]) -> Rebinding:
    arches: tuple[Arch, ...] = ("x86_64", "arm64")
    return Rebinding(row["library"], row["from"], {arch: row[arch] for arch in arches if arch in row})


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def engine_files(engine: Engine, platform: Platform, say: tools.Progress = tools.silent) -> EngineFiles:
    """The engine's shared library for the platform, out of the wheel and kept in the cache."""
    kind = engine.kind
    if not kind.package:
        return EngineFiles()

    def make(dest: Path) -> None:
        say(f"fetching {kind.name} {engine.version} for {platform.arch}")
        _fetch(engine, platform, dest)

    # What is in the cache depends on the wheel and on what is changed in it.
    pinned = hashlib.sha256(_lock(engine).read_bytes() + repr(engine.rebind).encode()).hexdigest()[:12]
    found = cache.entry(f"engines/{kind.package}-{engine.version}-{pinned}-{platform.arch}", make)
    licences = sorted((found / "licences").iterdir())
    return EngineFiles(
        found / "library.so",
        kind.dest,
        tuple(IncludedFile(f"lib/{kind.package}-{path.name}", path) for path in licences),
        engine.glibc[platform.arch],
    )


def _lock(engine: Engine) -> Path:
    return resources.DATA / f"{engine.kind.package}-{engine.version}.lock"


def _fetch(engine: Engine, platform: Platform, dest: Path) -> None:
    """The wheel goes by its tag; the library and its licences alone are kept."""
    kind, wheel = engine.kind, dest / "wheel"
    asked = Platform(platform.arch, _WHEEL_PYTHON, kind.wheel_glibc, platform.glibcxx, platform.libraries)
    installer.install(_lock(engine), asked, wheel, f"{kind.name} {engine.version}")
    (library,) = wheel.glob(kind.library)
    content = library.read_bytes()
    for entry in engine.rebind:
        if platform.arch in entry.new:
            content = elf_rebind.rebind(content, entry.library, entry.old, entry.new[platform.arch])
    (dest / "library.so").write_bytes(content)
    (dest / "licences").mkdir()
    for pattern in kind.licences:
        (licence,) = wheel.glob(pattern)
        (dest / "licences" / licence.name).write_bytes(licence.read_bytes())
    shutil.rmtree(wheel)
