"""The disks of this machine, and those that it shares with others."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Iterator

import pyarrow as pa

from runtimes.batch.errors import InterruptedJobError, JobError
from runtimes.batch.stores import Found, Traffic
from runtimes.batch.stores.disk import failures, make_folders, sha256_of, sync, version_of
from runtimes.batch.stores.patterns import GLOB, Pattern, literal_start
from runtimes.batch.stores.under_way import UnderWay
from runtimes.batch.work import InputFile

_OWN = ("_packager", "tmp")
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
_PLAN_ANEW = "leave the input as it is while a job runs; plan again, with another output"


class Local:
    """The store of paths."""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self._under_way: dict[str, UnderWay] = {}
        self._lock = threading.Lock()

    def find(self, pattern: str) -> list[Found]:
        """Files by path, folder or glob."""
        path = os.path.abspath(pattern)
        with failures(path):
            found = sorted([path] if os.path.isfile(path) else _matches(path))
            if not found:
                raise _missing(path)
            return [_found(one) for one in found]

    def open(self, file: InputFile) -> pa.NativeFile:
        """The file, for reads anywhere in it."""
        with failures(file.uri):
            _check(file)
            return pa.OSFile(file.uri, "rb")

    @contextlib.contextmanager
    def local(self, file: InputFile, spans: tuple[tuple[int, int], ...]) -> Iterator[str]:
        """The file's own path: nothing is copied."""
        with failures(file.uri):
            _check(file)
        try:
            yield file.uri
        except InterruptedJobError:
            raise
        except Exception:
            with failures(file.uri):
                _check(file)  # what went wrong may be that it was changed under the reader
            raise
        with failures(file.uri):
            _check(file)
        self.traffic.add(bytes_read=sum(length for _, length in spans))

    def folder(self, output: str) -> str:
        """This process's folder in the output's own one."""
        with failures(output):
            return self._own(os.path.abspath(output)).folder()

    def publish(self, path: str, uri: str, sha256: str) -> None:
        """A rename, once the content is on the disk itself."""
        with failures(uri):
            uri = os.path.abspath(uri)
            make_folders(os.path.dirname(uri))
            if _holds(uri, os.path.getsize(path), sha256):
                os.unlink(path)
                sync(uri)  # whoever wrote it may have been killed before that
            else:
                self.traffic.add(bytes_written=os.path.getsize(path))
                sync(path)
                os.replace(path, uri)
            sync(os.path.dirname(uri))

    def create(self, uri: str, data: bytes) -> bool:
        """A second name for a finished file: a link is refused where there is a file already."""
        with failures(uri):
            uri = os.path.abspath(uri)
            if os.path.lexists(uri):
                return False
            make_folders(os.path.dirname(uri))
            return self._link(data, uri)

    def read(self, uri: str) -> bytes | None:
        """A small file's content."""
        with failures(uri):
            try:
                with open(uri, "rb") as file:
                    return file.read()
            except FileNotFoundError:
                return None

    def size(self, uri: str) -> int | None:
        """How many bytes a file has."""
        with failures(uri):
            return _size(uri)

    def sizes(self, folder: str) -> dict[str, int]:
        """The same of the files right in a folder."""
        with failures(folder):
            try:
                names = os.listdir(folder)
            except FileNotFoundError:
                return {}
            found = {name: _size(os.path.join(folder, name)) for name in names if not name.startswith(".")}
            return {name: size for name, size in found.items() if size is not None}

    def sweep(self, output: str) -> None:
        """Remove what dead processes have under way in the output."""
        with failures(output):
            self._own(os.path.abspath(output)).sweep()

    def close(self) -> None:
        """Remove this process's folders; they are made again when they are needed."""
        with self._lock:
            for folder in self._under_way.values():
                folder.remove()

    def _own(self, output: str) -> UnderWay:
        parent = os.path.join(output, *_OWN)
        with self._lock:
            if parent not in self._under_way:
                self._under_way[parent] = UnderWay(parent)
            return self._under_way[parent]

    def _link(self, data: bytes, uri: str) -> bool:
        """Write the file where it is under way, and give it its name; False when another has it."""
        output, own, _ = uri.partition(f"/{_OWN[0]}/")
        folder = self._own(output if own else os.path.dirname(uri)).folder()
        path = os.path.join(folder, f"{os.urandom(8).hex()}.new")
        try:
            with open(path, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.link(path, uri)
        except FileExistsError:
            return os.stat(path).st_nlink == 2  # a network disk's answer was lost, and it asked itself again
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            raise JobError(
                f"{uri} cannot appear at once: its disk knows no links ({error.strerror})",
                "name an output on another disk, or in s3://",
            ) from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        sync(os.path.dirname(uri))
        self.traffic.add(bytes_written=len(data))
        return True


def _check(file: InputFile) -> None:
    """JobError where a file is not the one that was planned."""
    try:
        same = version_of(file.uri) == file.version
    except FileNotFoundError:
        raise JobError(f"{file.uri} is gone since the job was planned", _PLAN_ANEW) from None
    if not same:
        raise JobError(f"{file.uri} was changed since the job was planned", _PLAN_ANEW)


def _size(path: str) -> int | None:
    """None of what is no regular file, too."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _holds(path: str, size_bytes: int, sha256: str) -> bool:
    """Whether a file with this content is there already."""
    try:
        return os.path.getsize(path) == size_bytes and sha256_of(path) == sha256
    except FileNotFoundError:
        return False


def _found(path: str) -> Found:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise JobError(f"the name {path!r} is not UTF-8", "rename the file") from None
    return Found(path, os.path.getsize(path), version_of(path))


def _missing(path: str) -> JobError:
    if os.path.isdir(path):
        return JobError(
            f"there are no files in {path}", "hidden ones and those that begin with _ do not count"
        )
    if os.path.lexists(path):
        return JobError(
            f"{path} is no regular file", "the job reads files more than once: write it to a disk"
        )
    return JobError(
        f"there is no file {path}", "check the path; a glob is quoted, so that the shell leaves it"
    )


def _matches(path: str) -> list[str]:
    """All files that a folder's path or a glob means."""
    pattern, start = Pattern(path), literal_start(path) if GLOB.search(path) else path
    start, state = start.rstrip("/"), pattern.start
    for name in start.split("/"):
        state = pattern.advance(state, name)
    return list(_walk(start or "/", pattern, state, ())) if os.path.isdir(start or "/") else []


def _walk(
    folder: str, pattern: Pattern, state: frozenset[int], above: tuple[tuple[int, int], ...]
) -> Iterator[str]:
    status = os.stat(folder)
    here = (status.st_dev, status.st_ino)
    if here in above:  # a link to a folder above
        return
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            reached = pattern.advance(state, entry.name)
            if not reached:
                continue
            if entry.is_dir():
                yield from _walk(entry.path, pattern, reached, (*above, here))
            elif pattern.names(reached):
                yield _regular(entry)


def _regular(entry: os.DirEntry[str]) -> str:
    """A file that is meant and cannot be read is not passed over in silence."""
    if entry.is_file():
        return entry.path
    raise JobError(f"{entry.path} is no regular file", "a link that leads nowhere? remove it from the input")
