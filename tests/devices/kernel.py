"""The newest arm64 kernel of Debian, and a busybox to begin with: found by a package index of our own.

The machine's own packages and their index are left alone.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from packager import cache
from tests.devices.presence import NotHereError, need_programs
from tests.devices.roots import MIRROR

SUITE = "bookworm"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_META, _BUSYBOX = "linux-image-cloud-arm64", "busybox-static"
# In the order in which each finds what it needs.
MODULES = (
    "virtio",
    "virtio_ring",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "virtio_blk",
)
_TIMEOUT_S = "120"


@dataclass(frozen=True, slots=True)
class Kernel:
    """Files of a kernel: itself, its modules in the order of MODULES, and busybox without libraries."""

    image: Path
    modules: tuple[Path, ...]
    busybox: Path


def fetch() -> Kernel:
    """Raises NotHereError where it cannot be had."""
    need_programs("apt-get", "dpkg-deb", package="apt dpkg")
    folder = cache.entry(f"device-kernel-arm64-{SUITE}", _unpack)
    return Kernel(folder / "vmlinuz", tuple(folder / f"{name}.ko" for name in MODULES), folder / "busybox")


def _unpack(dest: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="packager-kernel-") as scratch:
        work = Path(scratch)
        options = _private_state(work)
        _run(("apt-get", *options, "update", "-qq"), work)
        _run(("apt-get", *options, "download", "-qq", _kernel_package(options, work), _BUSYBOX), work)
        for package in sorted(work.glob("*.deb")):
            _run(("dpkg-deb", "-x", str(package), str(work / "files")), work)
        wanted = {"vmlinuz": "boot/vmlinuz-*", "busybox": "bin/busybox"}
        wanted |= {f"{name}.ko": f"lib/modules/*/kernel/**/{name}.ko" for name in MODULES}
        for name, pattern in wanted.items():
            (found,) = (work / "files").glob(pattern)
            shutil.copy(found, dest / name)


def _kernel_package(options: tuple[str, ...], work: Path) -> str:
    """What the package that always means the newest one depends on."""
    said = _run(("apt-cache", *options, "depends", "--important", _META), work)
    return next(
        line.split()[-1] for line in said.splitlines() if line.strip().startswith("Depends: linux-image-")
    )


def _private_state(work: Path) -> tuple[str, ...]:
    for name in ("lists/partial", "cache/archives/partial", "state"):
        (work / name).mkdir(parents=True)
    signed = f"[signed-by={_KEYRING}] " if Path(_KEYRING).exists() else ""
    (work / "sources.list").write_text(f"deb {signed}{MIRROR} {SUITE} main\n", encoding="ascii")
    settings = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": work / "state",
        "Dir::State::lists": work / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": work / "cache",
    }
    return tuple(text for name, value in settings.items() for text in ("-o", f"{name}={value}"))


def _run(command: tuple[str, ...], folder: Path) -> str:
    done = subprocess.run(
        ("timeout", "-s", "KILL", _TIMEOUT_S, *command), cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise NotHereError(f"{command[0]} cannot have arm64 packages: {done.stderr.strip()[-300:]}")
    return done.stdout
