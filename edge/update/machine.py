"""This machine against the profile that a bundle was built for: architecture, libc, Python, memory."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from edge.machine import find_arch
from edge.update.errors import UnfitError

if TYPE_CHECKING:
    from edge.update.contents import Contents

_MB = 1024 * 1024


class Machine(NamedTuple):
    """What a profile speaks of, as this machine has it. Memory is 0 where the system does not say."""

    arch: str
    libc: str
    libc_version: str
    python: str
    memory_mb: int


def look() -> Machine:
    """This machine."""
    libc, version = _libc()
    return Machine(
        arch=find_arch(),
        libc=libc,
        libc_version=version,
        python=f"{sys.version_info[0]}.{sys.version_info[1]}",
        memory_mb=_memory_mb(),
    )


def check_fit(contents: Contents, machine: Machine) -> None:
    """UnfitError where the bundle was built for another machine than this."""
    device = contents.device
    if device.arch != machine.arch:
        raise UnfitError(f"the release is for {device.arch}; this machine is {machine.arch}")
    if device.libc != machine.libc:
        raise UnfitError(f"the release is for systems with {device.libc}; this one has {machine.libc}")
    if device.libc == "glibc" and _version(machine.libc_version) < _version(device.libc_version):
        raise UnfitError(
            f"the release needs glibc {device.libc_version}; this system has {machine.libc_version}"
        )
    if _version(machine.python) < _version(device.python):
        raise UnfitError(f"the release needs Python {device.python}; this one is {machine.python}")
    if machine.memory_mb and device.memory_mb > machine.memory_mb:
        raise UnfitError(
            f"the release may take {device.memory_mb} MB of memory; this machine has {machine.memory_mb} MB"
        )
    if contents.total_bytes > device.flash_mb * _MB:
        raise UnfitError(
            f"the release has {contents.total_bytes} bytes; its own profile allows {device.flash_mb} MB"
        )


def _libc() -> tuple[str, str]:
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (AttributeError, OSError, ValueError):
        name, version = "", ""
    return (name, version) if name else ("musl", "")


def _memory_mb() -> int:
    try:
        with open("/proc/meminfo", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("MemTotal:"):
                    return int(line.split()[1]) // 1024
    except (OSError, ValueError, IndexError):
        pass
    return 0


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
