"""The engine that ships: which release of ONNX Runtime a platform can load, and its shared library."""

import hashlib
import shutil
import tomllib
from dataclasses import dataclass
from functools import cache as remember
from pathlib import Path

from packager import cache, resources, tools
from packager.dependencies import elf_rebind, installer
from packager.errors import DependencyError
from packager.layout import IncludedFile, Platform

# One Python's wheel serves all: the library in it is not tied to a Python version.
_WHEEL_PYTHON = "3.12"


@dataclass(frozen=True, slots=True)
class Rebinding:
    """Which symbol version of ``library`` to ask for instead of another, by architecture."""

    library: str
    old: str
    new: dict[str, str]


@dataclass(frozen=True, slots=True)
class Engine:
    """A release of ONNX Runtime: the oldest glibc it loads on, and the newest models it takes."""

    version: str
    glibc: str
    max_opset: int
    max_ml_opset: int
    max_ir_version: int
    rebind: Rebinding | None = None


@dataclass(frozen=True, slots=True)
class EngineFiles:
    """What of an engine ships: its shared library, and the licences that must go with it."""

    library: Path
    licences: tuple[IncludedFile, ...]


def choose_engine(platform: Platform) -> Engine:
    """The newest release that loads on the platform's glibc."""
    for engine in engines():
        if _number(engine.glibc) <= _number(platform.glibc):
            return engine
    raise DependencyError(f"no release of ONNX Runtime loads on glibc {platform.glibc}")


@remember
def engines() -> tuple[Engine, ...]:
    """The releases of `data/engines.toml`, newest first."""
    rows = tomllib.loads((resources.DATA / "engines.toml").read_text())["engines"]
    return tuple(Engine(**{**row, "rebind": _rebinding(row.get("rebind"))}) for row in rows)


def _rebinding(row: dict[str, str] | None) -> Rebinding | None:
    if row is None:
        return None
    return Rebinding(row["library"], row["from"], {arch: row[arch] for arch in ("x86_64", "arm64")})


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def engine_files(engine: Engine, platform: Platform, say: tools.Progress = tools.silent) -> EngineFiles:
    """ONNX Runtime's shared library for the platform, out of the wheel and kept in the cache."""

    def make(dest: Path) -> None:
        say(f"fetching ONNX Runtime {engine.version} for {platform.arch}")
        _fetch(engine, platform, dest)

    pinned = hashlib.sha256(_lock(engine).read_bytes()).hexdigest()[:12]
    found = cache.entry(f"engines/onnxruntime-{engine.version}-{pinned}-{platform.arch}", make)
    licences = sorted((found / "licences").iterdir())
    return EngineFiles(
        found / "libonnxruntime.so",
        tuple(IncludedFile(f"lib/onnxruntime-{path.name}", path) for path in licences),
    )


def _lock(engine: Engine) -> Path:
    return resources.DATA / f"onnxruntime-{engine.version}.lock"


def _fetch(engine: Engine, platform: Platform, dest: Path) -> None:
    """The wheel goes by its tag (which may ask for more than the library does); the library alone is kept."""
    wheel = dest / "wheel"
    asked = Platform(platform.arch, _WHEEL_PYTHON, "2.28", platform.glibcxx, platform.libraries)
    installer.install(_lock(engine), asked, wheel, f"ONNX Runtime {engine.version}")
    package = wheel / "onnxruntime"
    (library,) = (package / "capi").glob("libonnxruntime.so.*")
    content = library.read_bytes()
    if engine.rebind is not None:
        content = elf_rebind.rebind(
            content, engine.rebind.library, engine.rebind.old, engine.rebind.new[platform.arch]
        )
    (dest / "libonnxruntime.so").write_bytes(content)
    (dest / "licences").mkdir()
    for name in ("LICENSE", "ThirdPartyNotices.txt"):
        (dest / "licences" / name).write_bytes((package / name).read_bytes())
    shutil.rmtree(wheel)
