"""The third-party packages of an artifact: a lock's wheels for the target, with byte-code where possible."""

import hashlib
import shutil
from pathlib import Path

from packager import cache, resources, tools
from packager.dependencies import byte_code, installer
from packager.interpreters import Interpreter
from packager.layout import IncludedFile, Platform, files_in

# What pip's bookkeeping says would be wrong after compiling, or tells about this machine. All that is
# read at run time stays: METADATA, entry points, licences.
_BOOKKEEPING = frozenset({"RECORD", "REQUESTED", "INSTALLER", "direct_url.json", "uv_cache.json"})


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
