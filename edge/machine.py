"""What this machine is: the architecture that this Python was built for, the memory that it has used."""

from __future__ import annotations

import os
import sys

_ARCH_OF_ELF = {(62, 2): "x86_64", (183, 2): "arm64", (243, 2): "riscv64", (40, 1): "armv7"}
"""By the machine and the class (1: 32-bit, 2: 64-bit) in an ELF file's head."""
_HEAD_BYTES = 20
_LITTLE = 1


def find_arch() -> str:
    """The architecture of this process, in the words of the manifest; the kernel's word for any other.

    The kernel may well be of another one: 32-bit systems on 64-bit boards often have a 64-bit kernel.
    """
    kernel = os.uname().machine
    for path in ("/proc/self/exe", sys.executable):
        arch = _arch_of(path)
        if arch is not None:
            # An ELF file of 32-bit ARM does not say which; the first ones are told by the kernel alone.
            return kernel if arch == "armv7" and kernel.startswith(("armv5", "armv6")) else arch
    return {"aarch64": "arm64", "armv7l": "armv7", "armv8l": "armv7"}.get(kernel, kernel)


def peak_memory_bytes() -> int | None:
    """The most memory that this process has held at once; None where the kernel does not say it."""
    try:
        with open("/proc/self/status", "rb") as file:
            for line in file:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _arch_of(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    if len(head) < _HEAD_BYTES or head[:4] != b"\x7fELF" or head[5] != _LITTLE:
        return None
    return _ARCH_OF_ELF.get((int.from_bytes(head[18:20], "little"), head[4]))
