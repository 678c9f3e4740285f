"""Debian's root file systems as devices have them: made once by mmdebstrap, kept in the cache.

A root holds Python with its byte-code, the C++ library that engines need, and the tools with
which a user unpacks and checks a bundle; no numpy, no engine.
"""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager import cache
from tests.devices import emulation
from tests.devices.presence import NotHereError, need_programs, need_root, skip_or_fail

Arch = Literal["x86_64", "arm64", "armv7", "riscv64"]

MIRROR = "http://deb.debian.org/debian"
PACKAGES = ("python3", "libstdc++6", "libgcc-s1", "coreutils", "tar", "gzip")
FOLDERS = ("bundle", "room", "usual", "proc", "sys", "dev", "tmp")
"""Where things are mounted; a root is read-only."""
_DEBIAN = {"x86_64": "amd64", "arm64": "arm64", "armv7": "armhf", "riscv64": "riscv64"}
_SUITES: dict[Arch, str] = {
    "x86_64": "bookworm",
    "arm64": "bookworm",
    "armv7": "bookworm",
    "riscv64": "trixie",
}
_TIMEOUT_S = 300
_COMPILE = ("-m", "compileall", "-q", "-j", "0")
# Packages are unpacked, never configured: what their scripts would have done of the layout is done before.
_HOOK = """#!/bin/sh
set -e
for folder in bin lib lib64 sbin; do mkdir -p "$1/usr/$folder"; ln -s "usr/$folder" "$1/$folder"; done
for folder in {folders}; do mkdir -p "$1/$folder"; done
"""


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system on disk, and what runs its programs here (nothing, where the kernel does)."""

    arch: Arch
    suite: str
    path: Path
    prefix: tuple[str, ...] = ()


def ready(arch: Arch, suite: str | None = None) -> Root:
    """The root of a device, for a test: skipped with the reason where there can be none; in CI it fails."""
    try:
        return make(arch, suite)
    except NotHereError as error:
        skip_or_fail(error)


def make(arch: Arch, suite: str | None = None) -> Root:
    """The root of a device; raises NotHereError."""
    suite = suite or _SUITES[arch]
    need_root("a root file system")
    prefix = emulation.prefix(arch)
    hook = _HOOK.format(folders=" ".join(FOLDERS))
    recipe = hashlib.sha256(repr((PACKAGES, hook, MIRROR, _COMPILE)).encode()).hexdigest()[:8]
    name = f"device-root-{arch}-{suite}-{recipe}"
    if not cache.has(name):
        need_programs("mmdebstrap", package="mmdebstrap")
    return Root(arch, suite, cache.entry(name, lambda dest: _bootstrap(dest, arch, suite, hook)), prefix)


def _bootstrap(dest: Path, arch: Arch, suite: str, hook: str) -> None:
    script = dest.with_name(f"{dest.name}.hook")
    script.write_text(hook, encoding="ascii")
    script.chmod(0o755)
    command = (
        "timeout", "-s", "KILL", str(_TIMEOUT_S), "mmdebstrap", "--mode=root", "--variant=extract", "--quiet",
        f"--arch={_DEBIAN[arch]}", f"--include={','.join(PACKAGES)}", f"--setup-hook={script}",
        "--aptopt=Acquire::Languages \"none\"", suite, str(dest), MIRROR,
    )  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    script.unlink()
    if done.returncode:
        raise NotHereError(f"Debian {suite} for {arch} cannot be had: {done.stderr.strip()[-400:]}")
    if arch == "x86_64":
        folder = next((dest / "usr" / "lib").glob("python3.*"))
        inside = f"/{folder.relative_to(dest)}"
        # Some of Python's own tests are no Python: what cannot be compiled is not needed.
        subprocess.run(("chroot", str(dest), "/usr/bin/python3", *_COMPILE, inside), capture_output=True)
    else:
        _take_byte_code(make("x86_64", suite).path, dest)


def _take_byte_code(native: Path, dest: Path) -> None:
    """Installing a package compiles it, which takes an emulator minutes. A file of it says nothing of the
    processor; where time and size are the same, it is of the same source."""
    for source in dest.glob("usr/lib/python3.*/**/*.py"):
        twin = native / source.relative_to(dest)
        for compiled in twin.parent.glob(f"__pycache__/{twin.stem}.cpython-*.pyc"):
            if _dated(source) == _dated(twin):
                folder = source.parent / "__pycache__"
                folder.mkdir(exist_ok=True)
                shutil.copy2(compiled, folder)


def _dated(path: Path) -> tuple[int, int]:
    found = path.lstat()  # a link may lead out of the root
    return int(found.st_mtime), found.st_size
