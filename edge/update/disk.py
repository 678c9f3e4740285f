"""Every change that an update makes to the disk, one step each: power may go between any two of them.

Nothing else in this package writes. A test that takes this class's place sees each step, can end the process
there, and can ask what a file system would have kept: a file's bytes are kept from its ``sync`` on, a name in
a folder (made, renamed, linked or removed) from the folder's.
"""

from __future__ import annotations

import os
import stat

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_MODE = 0o644


class Disk:
    """The changes themselves, as the operating system makes them."""

    def _step(self, what: str, *places: object) -> None:
        """Called before each change."""

    def make_dir(self, path: str) -> None:
        """A new folder."""
        self._step("make_dir", path)
        os.mkdir(path, 0o755)

    def create(self, path: str) -> None:
        """A new empty file."""
        self._step("create", path)
        os.close(os.open(path, _NEW, _MODE))

    def append(self, path: str, data: bytes) -> None:
        """More bytes at the end of a file."""
        self._step("append", path, data)
        with open(path, "ab", buffering=0) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]

    def sync(self, path: str) -> None:
        """What a file or a folder holds is on the medium when this returns."""
        self._step("sync", path)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def link(self, source: str, path: str) -> None:
        """A second name for a file."""
        self._step("link", source, path)
        os.link(source, path, follow_symlinks=False)

    def symlink(self, target: str, path: str) -> None:
        """A new symbolic link."""
        self._step("symlink", target, path)
        os.symlink(target, path)

    def rename(self, source: str, path: str) -> None:
        """Another name; a file or link that has it already is replaced in the same moment."""
        self._step("rename", source, path)
        os.rename(source, path)

    def remove(self, path: str) -> None:
        """A file or a link goes."""
        self._step("remove", path)
        os.unlink(path)

    def remove_dir(self, path: str) -> None:
        """An empty folder goes."""
        self._step("remove_dir", path)
        os.rmdir(path)

    # What follows is made of the steps above.

    def write_new(self, path: str, data: bytes) -> None:
        """A new file with its bytes on the medium; its name is there when its folder has been synced."""
        self.create(path)
        if data:
            self.append(path, data)
        self.sync(path)

    def replace(self, path: str, data: bytes) -> None:
        """A file's new bytes, whole or not at all, whenever power goes."""
        beside = f"{path}.new"
        self.clear(beside)
        self.write_new(beside, data)
        self.rename(beside, path)
        self.sync(os.path.dirname(path))

    def point(self, path: str, target: str) -> None:
        """Let a symbolic link point elsewhere, in one moment."""
        beside = f"{path}.new"
        self.clear(beside)
        self.symlink(target, beside)
        self.rename(beside, path)
        self.sync(os.path.dirname(path))

    def copy(self, source: str, path: str) -> None:
        """A new file with another's bytes, on the medium."""
        self.create(path)
        with open(source, "rb") as file:
            while True:
                piece = file.read(1 << 20)
                if not piece:
                    break
                self.append(path, piece)
        self.sync(path)

    def clear(self, path: str) -> None:
        """Nothing has this name afterwards, whatever it was."""
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(mode):
            self.remove(path)
            return
        for name in sorted(os.listdir(path)):
            self.clear(os.path.join(path, name))
        self.remove_dir(path)
