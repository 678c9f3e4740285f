"""An arm64 machine with a kernel and so much memory of its own: what programs take there is what they take.

The emulator of single programs shows its own memory instead. Nothing here has a network; both disks are
images that are read-only.
"""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from packager import cache
from tests.devices import initramfs, kernel
from tests.devices.presence import NotHereError, need_programs, skip_or_fail
from tests.devices.roots import Root

_ROOM_MB = 24
_BLOCK_BYTES = 4096
_ENDED = re.compile(r"^@ended (\d+)\r?$", re.MULTILINE)
_BEGAN = "@began"
_PEAK = re.compile(r"^@peak_kib (\d+)\r?$", re.MULTILINE)
_MACHINE = (
    "qemu-system-aarch64",
    "-M", "virt", "-cpu", "cortex-a72", "-smp", "1", "-nographic", "-no-reboot", "-nic", "none",
    "-append", "console=ttyAMA0 panic=-1 loglevel=4",
)  # fmt: skip
# Runs the code as nobody, and tells what it took at most: as its last act, since a parent would need memory.
_PRELUDE = """\
import atexit, os
def tell(path="/proc/self/status"):
    os.write(2, b"\\n@peak_kib %d\\n" % next(int(line.split()[1]) for line in open(path) if "VmHWM" in line))
atexit.register(tell)
os.setgroups([]); os.setgid(65534); os.setuid(65534)
"""


@dataclass(frozen=True, slots=True)
class Booted:
    """``code`` is None where the machine did not come to an end in time, or not up at all."""

    code: int | None
    output: str
    peak_rss_bytes: int | None


def ready() -> kernel.Kernel:
    """What such machines start from, for a test: skipped with the reason; in CI it fails."""
    try:
        return make()
    except NotHereError as error:
        skip_or_fail(error)


def make() -> kernel.Kernel:
    """The same; raises NotHereError."""
    need_programs("qemu-system-aarch64", package="qemu-system-arm")
    need_programs("mke2fs", package="e2fsprogs")
    return kernel.fetch()


def run(
    files: kernel.Kernel, root: Root, disk: Path, code: str, memory_mb: int, timeout_s: float = 120
) -> Booted:
    """Boot a machine of this memory, and run Python ``code`` there with the folder ``disk`` at /bundle."""
    with tempfile.TemporaryDirectory(prefix="packager-machine-") as scratch:
        start = Path(scratch) / "initramfs"
        start.write_bytes(initramfs.archive(files, _PRELUDE + code))
        disks = (_image_of(root), image(disk, Path(scratch) / "bundle.img"))
        done = subprocess.run(
            (
                "timeout", "-s", "KILL", str(timeout_s), *_MACHINE, "-m", str(memory_mb),
                "-kernel", str(files.image), "-initrd", str(start),
                *(text for number, path in enumerate(disks) for text in _drive(f"disk{number}", path)),
            ),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        )  # fmt: skip
    return _read(done.stdout + done.stderr)


def image(folder: Path, dest: Path) -> Path:
    """The folder as a disk."""
    blocks = sum(path.lstat().st_size // _BLOCK_BYTES + 2 for path in folder.rglob("*"))
    size_mb = (blocks * _BLOCK_BYTES >> 20) + _ROOM_MB
    command = (
        "mke2fs",
        "-q",
        "-F",
        "-t",
        "ext4",
        "-O",
        "^has_journal",
        "-d",
        str(folder),
        str(dest),
        f"{size_mb}M",
    )
    subprocess.run(command, check=True, capture_output=True)
    return dest


def _drive(name: str, path: Path) -> tuple[str, ...]:
    about = f"if=none,format=raw,readonly=on,file={path},id={name}"
    return "-drive", about, "-device", f"virtio-blk-pci,drive={name}"


def _image_of(root: Root) -> Path:
    def make_image(dest: Path) -> None:
        image(root.path, dest / "root.img")

    return cache.entry(root.path.name.replace("root", "image", 1), make_image) / "root.img"


def _read(output: str) -> Booted:
    _, _, said = output.replace("\r", "").partition(_BEGAN)
    ended, peak = _ENDED.search(said), _PEAK.search(said)
    return Booted(
        code=int(ended[1]) if ended else None,
        output=said.partition("@ended")[0].strip() if said else output,
        peak_rss_bytes=int(peak[1]) * 1024 if peak else None,
    )
