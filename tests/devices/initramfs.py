"""What the full-system machine starts with: busybox, the drivers of its disks, and one program to run."""

from tests.devices.kernel import MODULES, Kernel

_INIT = f"""#!/bin/busybox sh
export PATH=/bin
busybox mkdir -p /proc /dev /device
busybox mount -t devtmpfs dev /dev
for name in {" ".join(MODULES)}; do busybox insmod /$name.ko; done
while [ ! -b /dev/vdb ]; do busybox sleep 0.1; done
busybox mount -t ext4 -o ro /dev/vda /device
busybox mount -t ext4 -o ro /dev/vdb /device/bundle
busybox mount -t proc proc /device/proc
busybox mount -t sysfs sys /device/sys
busybox mount -t devtmpfs dev /device/dev
busybox mount -t tmpfs -o size=16m,mode=1777 tmp /device/tmp
busybox cp /program.py /device/tmp/program.py
echo @began
export LANG=C.UTF-8 HOME=/tmp PATH=/usr/bin
/bin/busybox chroot /device /usr/bin/python3 /tmp/program.py
echo "@ended $?"
/bin/busybox poweroff -f
"""
_EXECUTABLE, _PLAIN, _FOLDER = 0o100755, 0o100644, 0o040755


def archive(kernel: Kernel, program: str) -> bytes:
    """The archive as the kernel unpacks it (cpio, "newc")."""
    entries = [("bin", _FOLDER, b""), ("init", _EXECUTABLE, _INIT.encode())]
    entries.append(("bin/busybox", _EXECUTABLE, kernel.busybox.read_bytes()))
    entries += [(path.name, _PLAIN, path.read_bytes()) for path in kernel.modules]
    entries.append(("program.py", _PLAIN, program.encode()))
    entries.append(("TRAILER!!!", 0, b""))
    return b"".join(_entry(number, *entry) for number, entry in enumerate(entries, 1))


def _entry(number: int, name: str, mode: int, content: bytes) -> bytes:
    path = name.encode() + b"\0"
    # inode, mode, uid, gid, links, time, size, four numbers of devices, length of the name, checksum
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    return _filled(head) + _filled(content)


def _filled(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
