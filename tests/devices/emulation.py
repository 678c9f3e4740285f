"""Lets this machine run programs of other processors, and shows them the processor that they would see."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.devices.presence import NotHereError

_QEMU = {"arm64": "qemu-aarch64", "armv7": "qemu-arm", "riscv64": "qemu-riscv64"}
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
INSIDE = "/dev/qemu"
"""Where the emulator lies in a device where the kernel does not call it by itself."""

# Without these a guest of qemu 7.2 reads the host's processor, and engines abort or hang.
_CPUINFO = {
    "arm64": (
        "BogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n"
        "CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n",
        "Hardware\t: BCM2835\nRevision\t: c03111\nSerial\t\t: 100000000000000a\n"
        "Model\t\t: Raspberry Pi 4 Model B Rev 1.1\n",
    ),
    "armv7": (
        "model name\t: ARMv7 Processor rev 4 (v7l)\nBogoMIPS\t: 38.40\n"
        "Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm "
        "crc32\n"
        "CPU implementer\t: 0x41\nCPU architecture: 7\nCPU variant\t: 0x0\nCPU part\t: 0xd03\n"
        "CPU revision\t: 4\n",
        "Hardware\t: BCM2835\nRevision\t: a02082\nSerial\t\t: 100000000000000b\n"
        "Model\t\t: Raspberry Pi 3 Model B Rev 1.2\n",
    ),
}
_CORES = 4


@cache
def prefix(arch: str) -> tuple[str, ...]:
    """What stands before a program of this processor: nothing where the kernel runs it itself.

    Raises NotHereError where there is no emulator.
    """
    if arch == "x86_64" or _registered(_QEMU[arch]):
        return ()
    if program(arch) is None:
        raise NotHereError(
            f"{_QEMU[arch]}-static is missing: apt-get install qemu-user-static binfmt-support"
        )
    return (INSIDE,)


def program(arch: str) -> str | None:
    """The emulator that needs no libraries."""
    return shutil.which(f"{_QEMU[arch]}-static")


def processor_files(arch: str, folder: Path) -> dict[str, Path]:
    """What lies over /sys and /proc/cpuinfo in a device, written into ``folder``: by its place there."""
    cpus = folder / "sys" / "devices" / "system" / "cpu"
    cpus.mkdir(parents=True)
    cores = _CORES if arch in _QEMU else os.cpu_count() or 1
    for name in ("possible", "present", "online"):
        (cpus / name).write_text(f"0-{cores - 1}\n", encoding="ascii")
    found = {"/sys": folder / "sys"}
    if arch in _CPUINFO:
        core, board = _CPUINFO[arch]
        text = "\n".join(f"processor\t: {number}\n{core}" for number in range(cores))
        found["/proc/cpuinfo"] = folder / "cpuinfo"
        found["/proc/cpuinfo"].write_text(f"{text}\n{board}", encoding="ascii")
    return found


def _registered(name: str) -> bool:
    """Whether the kernel calls the emulator; it is asked to where it does not."""
    entry = _BINFMT / name
    if not (_BINFMT / "register").exists():
        _quietly("mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT))
    if not entry.exists() and shutil.which("update-binfmts"):
        _quietly("update-binfmts", "--enable", name)
    # F: the kernel holds the emulator open, so that it is there in any root.
    return entry.exists() and "F" in entry.read_text(encoding="ascii").split("flags:")[1].split()[0]


def _quietly(*command: str) -> None:
    subprocess.run(command, capture_output=True)
