"""The third-party packages of an artifact: a lock's wheels for the target, with byte-code where possible."""

import hashlib
import shutil
from pathlib import Path

from packager import cache, resources, tools
from packager.dependencies import byte_code, installer
from packager.errors import DependencyError
from packager.interpreters import Interpreter
from packager.layout import IncludedFile, Platform, files_in

# What pip's bookkeeping says would be wrong after compiling, or tells about this machine. All that is
# read at run time stays: METADATA, entry points, licences.
_BOOKKEEPING = frozenset({"RECORD", "REQUESTED", "INSTALLER", "direct_url.json", "uv_cache.json"})


_LICENCES = ("LICENSE", "LICENCE", "NOTICE", "COPYING", "AUTHORS")


def install(
    lock_name: str, platform: Platform, interpreter: Interpreter | None, say: tools.Progress = tools.silent
) -> tuple[IncludedFile, ...]:
    """The files of the packages in `data/<lock_name>.lock` for the platform.

    With an interpreter of the platform's version they have byte-code beside the sources that compile. Both
    states are kept in the cache, so that a later build needs no network.
    """
    lock = resources.DATA / f"{lock_name}.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    key = f"packages/{lock_name}-{digest}-{platform.arch}-{platform.python}-{platform.glibc}"

    def fetch(dest: Path) -> None:
        say(f"fetching the packages of {lock_name} for {platform.arch}, Python {platform.python}")
        installer.install(lock, platform, dest, f"a package of {lock.name}")
        _tidy(dest)

    sources = cache.entry(f"{key}-sources", fetch)
    if interpreter is None:
        return files_in(sources)

    def compiled(dest: Path) -> None:
        say(f"compiling the packages of {lock_name} with Python {interpreter.version}")
        byte_code.compile_tree(sources, dest, interpreter)

    both = files_in(sources) + files_in(
        cache.entry(f"{key}-{interpreter.version}-{byte_code.version()}", compiled)
    )
    return tuple(sorted({file.dest: file for file in both}.values(), key=lambda file: file.dest))


def _tidy(folder: Path) -> None:
    """Drop what uv writes about its own work, and the commands, which name an interpreter of this machine."""
    shutil.rmtree(folder / "bin", ignore_errors=True)
    (folder / ".lock").unlink(missing_ok=True)
    for path in list(folder.rglob("*")):
        if path.name == "__pycache__":
            shutil.rmtree(path)
        elif path.name in _BOOKKEEPING and path.parent.name.endswith(".dist-info"):
            path.unlink()


def install_pure(lock_name: str, python: str, say: tools.Progress = tools.silent) -> tuple[IncludedFile, ...]:
    """The modules and licences of the packages in `data/<lock_name>.lock` for any processor, as sources.

    Tests, data and bookkeeping stay at home. A package that is more than Python is a DependencyError.
    """
    lock = resources.DATA / f"{lock_name}.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]

    def fetch(dest: Path) -> None:
        say(f"fetching the packages of {lock_name} for Python {python}")
        installer.install(
            lock, Platform("x86_64", python, "2.17", "3.4", ()), dest, f"a package of {lock.name}"
        )
        _tidy(dest)

    found = files_in(cache.entry(f"packages/{lock_name}-{digest}-any-{python}", fetch))
    compiled = next((file.dest for file in found if file.dest.endswith(".so")), None)
    if compiled is not None:
        raise DependencyError(f"{lock.name} has {compiled}, which does not run on every processor")
    return tuple(file for file in found if _is_module(file.dest) or _is_licence(file.dest))


def _is_module(dest: str) -> bool:
    folder, _, name = dest.rpartition("/")
    return name.endswith(".py") and not name.startswith("test_") and "tests" not in folder.split("/")


def _is_licence(dest: str) -> bool:
    return dest.rpartition("/")[2].upper().startswith(_LICENCES)
