"""Runs a program as a device would: in its root, which is read-only, as nobody, without a network.

    root = roots.ready("arm64")
    ran = confined.run(root, ("python3", "-m", "edge", "selftest"), mounts=(Mount(bundle, "/bundle"),))

What a crashed guest of an emulator leaves behind hangs for ever: everything is killed when the time is up.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.devices import emulation
from tests.devices.roots import Root

NOBODY = 65534
TEMPORARY_MB = 16
_RIGHTS = "-all,+sys_chroot,+setuid,+setgid"  # to go into the root and become nobody, no more
# $1 the place, $2 the root, then SOURCE DEST MODE for each mount, --, and the program.
_SCRIPT = f"""
set -e
place=$1
mount --bind "$2" "$place"
shift 2
mount -t proc proc "$place/proc"
mount -t tmpfs -o size=64k,mode=755 tmpfs "$place/dev"
mount -t tmpfs -o size={TEMPORARY_MB}m,mode=1777 tmpfs "$place/tmp"
for name in null zero urandom random; do
  touch "$place/dev/$name"
  mount --bind "/dev/$name" "$place/dev/$name"
done
touch "$place{emulation.INSIDE}"
while [ "$1" != -- ]; do
  mount --bind "$1" "$place$2"
  [ "$3" = writable ] || mount -o remount,bind,ro "$place$2"
  shift 3
done
shift
mount -o remount,bind,ro "$place"
cd /
exec setpriv --bounding-set={_RIGHTS} chroot --userspec={NOBODY}:{NOBODY} "$place" "$@"
"""


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of this machine at a place in the device: one of ``roots.FOLDERS``."""

    source: Path
    dest: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program did. ``code`` is 137 where it was killed, by the time or for its memory."""

    code: int
    stdout: str
    stderr: str
    wall_s: float


def run(
    root: Root,
    command: Sequence[str],
    *,
    mounts: Sequence[Mount] = (),
    stdin: str = "",
    variables: dict[str, str] | None = None,
    cpu: str | None = None,
    timeout_s: float = 120,
    prepare: Callable[[], object] | None = None,
) -> Ran:
    """Run ``command`` (programs by name are those of the root).

    ``cpu`` is the processor that qemu is to be; ``prepare`` runs in the child before all else, as to enter a
    control group. Folders that are writable must belong to NOBODY: ``hand_over`` does that.
    """
    with tempfile.TemporaryDirectory(prefix="packager-device-") as scratch:
        inside = _within_namespaces(root, command, mounts, Path(scratch))
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": "/tmp",
            **(variables or {}),
        }
        if cpu:
            environment["QEMU_CPU"] = cpu
        began = time.monotonic()
        done = subprocess.run(
            ("timeout", "-s", "KILL", str(timeout_s), *inside),
            input=stdin, capture_output=True, text=True, env=environment, preexec_fn=prepare,
        )  # fmt: skip
        code = 137 if done.returncode in (-9, 137) else done.returncode
        return Ran(code, done.stdout, done.stderr, time.monotonic() - began)


def hand_over(folder: Path) -> Path:
    """Give a folder with all in it to the user that devices run as."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    return folder


def _within_namespaces(
    root: Root, command: Sequence[str], mounts: Sequence[Mount], scratch: Path
) -> tuple[str, ...]:
    place = scratch / "root"
    place.mkdir()
    table = [(str(mount.source), mount.dest, "writable" if mount.writable else "-") for mount in mounts]
    shown = emulation.processor_files(root.arch, scratch)
    table += [(str(source), dest, "-") for dest, source in shown.items()]
    if root.prefix:
        table.append((str(emulation.program(root.arch)), emulation.INSIDE, "-"))
    program = (*root.prefix, f"/usr/bin/{command[0]}") if root.prefix else (command[0],)
    return (
        "unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child",
        "sh", "-c", _SCRIPT, "device", str(place), str(root.path),
        *(text for row in table for text in row), "--", *program, *command[1:],
    )  # fmt: skip
