"""What is read of objects: always of the planned version, in pieces, a few of them at once."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait

from runtimes.batch.stores.answers import about
from runtimes.batch.stores.calls import Calls
from runtimes.batch.stores.spans import cut, joined
from runtimes.batch.work import InputFile

_AT_ONCE = 6


class Downloads:
    """Of one store, from any thread."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._pool = ThreadPoolExecutor(_AT_ONCE, "download")

    def check(self, file: InputFile) -> None:
        """JobError where nothing of a file is read, and it is another than was planned."""
        self._calls.ask("head_object", about("reading", file.uri), IfMatch=f'"{file.version}"')

    def fetch(self, file: InputFile, start: int, stop: int) -> bytes:
        """The bytes from ``start`` to ``stop``."""
        return b"".join(self._calls.pieces(file, start, stop))

    def copy(self, file: InputFile, spans: tuple[tuple[int, int], ...], descriptor: int) -> None:
        """Make an empty file a sparse copy that holds the spans."""
        os.ftruncate(descriptor, file.size_bytes)
        ranges = cut(joined(spans, file.size_bytes))
        if not ranges:
            self.check(file)
        broken = threading.Event()
        tasks = [self._pool.submit(self._fill, file, one, descriptor, broken) for one in ranges]
        try:
            for task in tasks:
                task.result()
        finally:
            broken.set()
            for task in tasks:
                task.cancel()
            wait(tasks)  # none writes on when the file is closed

    def _fill(self, file: InputFile, span: tuple[int, int], descriptor: int, broken: threading.Event) -> None:
        place = span[0]
        for piece in self._calls.pieces(file, *span):
            if broken.is_set():
                return
            _write(descriptor, piece, place)
            place += len(piece)


def _write(descriptor: int, piece: bytes, place: int) -> None:
    rest = memoryview(piece)
    while rest:
        written = os.pwrite(descriptor, rest, place)
        rest, place = rest[written:], place + written
