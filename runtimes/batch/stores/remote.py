"""A remote file as one that is read anywhere: a few windows of it are kept, each fetched by one request."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable

WINDOW_BYTES = 1 << 20
_WINDOWS = 2


class RemoteFile(io.RawIOBase):
    """``fetch(start, stop)`` gives the bytes. Not for several threads at once: pyarrow locks a file."""

    def __init__(self, size_bytes: int, fetch: Callable[[int, int], bytes]) -> None:
        super().__init__()
        self._size = size_bytes
        self._fetch = fetch
        self._place = 0
        self._windows: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The place of the next read."""
        return self._place

    def size(self) -> int:
        """Of the whole file."""
        return self._size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go anywhere."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, all that were asked for but at the end."""
        start = min(self._place, self._size)
        stop = self._size if size is None or size < 0 else min(start + size, self._size)
        if start == stop:
            return b""
        self._place = stop
        for at, window in self._windows.items():
            if at <= start and stop <= at + len(window):
                self._windows.move_to_end(at)
                return window[start - at : stop - at]
        return self._read_window(start, stop)

    def _read_window(self, start: int, stop: int) -> bytes:
        """Fetch more than is asked for: near the end what lies before, for footers are read backwards."""
        end = min(max(stop, start + WINDOW_BYTES), self._size)
        begin = max(0, min(start, end - WINDOW_BYTES))
        window = self._fetch(begin, end)
        if len(window) <= WINDOW_BYTES:
            self._windows[begin] = window
            while len(self._windows) > _WINDOWS:
                self._windows.popitem(last=False)
        return window[start - begin : stop - begin]
