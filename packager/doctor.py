"""What this machine has and lacks for packager's commands: each finding with what to do about it.

Looking changes nothing that stays (the container engine makes one container of a few bytes and removes it).
No framework is imported: their versions are read from what pip installed.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import machine
from typing import Literal

from packager import cache, containers, environments, installed, interpreters, recipes, tools, uv_program
from packager.dependencies.engine import choose_engine, engine_files, kinds, releases
from packager.errors import PackagerError, ToolError
from packager.layout import Platform
from packager.targets.aws_lambda import quotas

Status = Literal["ok", "warn", "fail"]

_MIN_FREE_BYTES, _GOOD_FREE_BYTES = 1 << 30, 4 << 30
_CROSS_COMPILER = "gcc-arm-none-eabi libnewlib-arm-none-eabi"
_ARM64 = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
# Distributions that have another name than their module; the first that is installed counts.
_DISTRIBUTIONS = {
    "sklearn": ("scikit-learn",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "xgboost": ("xgboost", "xgboost-cpu"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: ``fail`` stops builds, ``warn`` takes something away, ``fix`` says how to get it."""

    name: str
    status: Status
    found: str
    fix: str | None = None


def examine() -> tuple[Check, ...]:
    """Look at everything; nothing is fetched and nothing is changed."""
    return (*_pythons(), _uv(), *_models(), _samples(), _charts(), *_engines(), _emulator(), _client(),
            _sam(), _containers(), _arm64(), *_boards(), _cache(), _disk())  # fmt: skip


def apply_fixes(progress: tools.Progress = tools.silent) -> tuple[Check, ...]:
    """Fetch what is missing into packager's own cache, then look again. Nothing outside it is touched."""
    for fetch in _fetches(progress):
        try:
            fetch()
        except PackagerError as error:
            progress(f"{error.message} ({error.hint})" if error.hint else error.message)
    return examine()


def _fetches(progress: tools.Progress) -> Iterator[Callable[[], object]]:
    yield lambda: _fetch_engine(progress)
    yield lambda: tools.emulator(progress)
    for python in _found_pythons().values():
        yield lambda python=python: tools.interface_client(python.path, progress)  # type: ignore[misc]
    yield lambda: tools.fetch_sam(progress)


def _fetch_engine(progress: tools.Progress) -> None:
    """The libraries that builds with nothing but defaults ask for on this machine."""
    platform = _default_platform()
    for kind in kinds().values():
        for engine in releases(kind.kind, platform):
            engine_files(engine, platform, progress)


def _default_platform() -> Platform:
    return quotas.runtimes()[quotas.default_runtime()].platform(tools.host_arch())


def _versions() -> tuple[tuple[str, ...], str]:
    """The Python versions that Lambda has, and the one that is built for by default."""
    names = tuple(name.removeprefix("python") for name in quotas.runtimes())
    return names, quotas.default_runtime().removeprefix("python")


def _found_pythons() -> dict[str, interpreters.Interpreter]:
    found = {name: interpreters.find(name) for name in _versions()[0]}
    return {name: python for name, python in found.items() if python is not None}


def _pythons() -> Iterator[Check]:
    names, default = _versions()
    found = _found_pythons()
    for name in names:
        if name in found:
            yield Check(f"python {name}", "ok", f"{found[name].version} at {found[name].path}")
            continue
        loss = "builds for it ship sources, which take two to four times as long to start"
        # Only the default runtime's absence is felt by someone who asks for nothing.
        status: Status = "warn" if name == default else "ok"
        yield Check(f"python {name}", status, f"not found: {loss}", f"uv python install {name}")


def _uv() -> Check:
    found = uv_program.find_uv()
    if found is None:
        return Check("uv", "fail", "not found: nothing can be fetched", "pip install --force-reinstall uv")
    return Check("uv", "ok", f"{version('uv')} at {found}")


def _models() -> Iterator[Check]:
    """For each kind of model where its worker would run."""
    for recipe in recipes.standing():
        status, found, fix = _place_for(recipe)
        yield Check(f"models: {recipe.name}", status, found, fix)


def _samples() -> Check:
    return _beside("samples", "pyarrow", "all but parquet files")


def _charts() -> Check:
    return _beside("report", "vl-convert-python", "no charts, so no `packager report`")


def _boards() -> Iterator[Check]:
    """What links C for a microcontroller, and what runs it; `--format c` builds without them, and says so."""
    for name, program, packages, without in (
        ("microcontrollers", "arm-none-eabi-gcc", _CROSS_COMPILER, "whether C fits a part is not shown"),
        ("boards", "qemu-system-arm", "qemu-system-arm", "C is not run on a part's processor"),
    ):
        found = shutil.which(program)
        if found:
            yield Check(name, "ok", f"{program} at {found}")
        else:
            yield Check(name, "warn", f"no {program}: {without}", f"Debian: apt-get install {packages}")


def _beside(name: str, distribution: str, without: str) -> Check:
    """A package that one command needs."""
    found = installed.version(distribution)
    if found is not None:
        return Check(name, "ok", f"{distribution} {found}")
    return Check(name, "warn", f"without {distribution} here: {without}", f"pip install {distribution}")


def _place_for(recipe: recipes.Recipe) -> tuple[Status, str, str | None]:
    if recipe.fits_here():
        return "ok", ", ".join(map(_told, recipe.needs)), None
    unobtainable = environments.must_be_installed(recipe)
    if unobtainable:
        return "warn", f"missing, and not fetched by packager: {', '.join(unobtainable)}", recipe.install
    lacks = f"not here: {', '.join(recipe.missing_here())}"
    if not recipe.needs:
        lacks = "never run with the packages that are installed here"
    if environments.in_cache(recipe):
        return "ok", f"{lacks}; they are in the cache, in an environment of their own", None
    size = f" (about {recipe.size_mb} MB)" if recipe.size_mb else ""
    return "ok", f"{lacks}; the first build fetches an environment with them{size}", None


def _told(module: str) -> str:
    versions = map(installed.version, _DISTRIBUTIONS.get(module, (module,)))
    return f"{module} {next(filter(None, versions), '')}".rstrip()


def _engines() -> Iterator[Check]:
    for kind in (kind for kind in kinds().values() if kind.package):
        kept = sorted((cache.root() / "engines").glob(f"{kind.package}-*"))
        names = [path.name for path in kept if path.is_dir()]
        newest = choose_engine(kind.kind, _default_platform()).version
        if any(f"-{newest}-" in name for name in names):
            yield Check(f"engine: {kind.format}", "ok", f"{kind.name} in the cache: {', '.join(names)}")
            continue
        fetched = f"{kind.name} {newest} is fetched by the first build (about 20 MB)"
        yield Check(f"engine: {kind.format}", "ok", fetched)


def _emulator() -> Check:
    try:
        if tools.has_emulator():
            return Check("emulator", "ok", f"{tools.EMULATOR} is in the cache")
    except ToolError as error:
        return Check("emulator", "warn", error.message, error.hint)
    if sys.platform != "linux":
        return Check("emulator", "warn", f"{tools.EMULATOR} runs on Linux only", "invoke --with sam")
    return Check("emulator", "warn", "not in the cache: the first invoke fetches it", "packager doctor --fix")


def _client() -> Check:
    pythons = _found_pythons()
    ready = [name for name, python in pythons.items() if tools.has_interface_client(python.path)]
    if ready:
        return Check("awslambdaric", "ok", f"in the cache for Python {', '.join(ready)}")
    return Check(
        "awslambdaric", "warn", "not in the cache: the first invoke fetches it", "packager doctor --fix"
    )


def _sam() -> Check:
    found = tools.find_sam()
    if found is None:
        said = "not found; only `invoke --with sam` needs it"
        return Check("SAM CLI", "warn", said, "packager doctor --fix (about 340 MB in the cache)")
    return Check("SAM CLI", "ok", " ".join(found))


def _containers() -> Check:
    engine = containers.find()
    needed = "only `invoke --with sam` and images need one"
    if engine is None:
        fix = "install and start Docker or Finch, or name its socket in DOCKER_HOST"
        return Check("container engine", "warn", f"none answers; {needed}", fix)
    where = f"{engine.version} at {engine.address}"
    reason = containers.why_unable(engine)
    if reason is None:
        return Check("container engine", "ok", f"{where} makes containers")
    fix = "run it with the rights to make namespaces and a bridge (not inside another container)"
    return Check("container engine", "warn", f"{where} answers and makes no container: {reason}", fix)


def _arm64() -> Check:
    if machine() in ("aarch64", "arm64"):
        return Check("arm64", "ok", "this machine's own architecture")
    if _ARM64.exists() or shutil.which("qemu-aarch64-static"):
        return Check("arm64", "ok", "programs for arm64 run here under emulation")
    said = "no emulation: artifacts for arm64 are checked without being run"
    return Check("arm64", "ok", said, "apt install qemu-user-static binfmt-support")


def _cache() -> Check:
    root = cache.root()
    fix = f"name a folder that you may write in {cache.CACHE_VARIABLE}"
    place = _nearest(root)
    if not os.access(place, os.W_OK | os.X_OK):
        return Check("cache", "fail", f"{root} cannot be written", fix)
    return Check("cache", "ok", f"{root}, {_size_bytes(root) / 1e6:.0f} MB")


def _size_bytes(folder: str | Path) -> int:
    """Of all files in a folder that may be there. By scandir: environments have files by the ten thousand."""
    try:
        entries = list(os.scandir(folder))
    except OSError:  # not there, or gone again
        return 0
    sizes = (
        entry.stat(follow_symlinks=False).st_size for entry in entries if entry.is_file(follow_symlinks=False)
    )
    return sum(sizes) + sum(
        _size_bytes(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)
    )


def _disk() -> Check:
    free = shutil.disk_usage(_nearest(cache.root())).free
    said = f"{free / 1e9:.1f} GB free for the cache"
    status: Status = "ok" if free >= _GOOD_FREE_BYTES else "warn" if free >= _MIN_FREE_BYTES else "fail"
    fix = None if status == "ok" else f"free some space, or name another disk in {cache.CACHE_VARIABLE}"
    return Check("disk", status, said, fix)


def _nearest(path: Path) -> Path:
    """The path itself, or the folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())
