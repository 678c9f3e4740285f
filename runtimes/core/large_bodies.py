"""What only bodies of many kilobytes are worth: a quicker reader of JSON, and memory that is kept.

Imported when the first of them comes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES, _MAPPED_BYTES = 64 << 20, 32 << 20
_kept: list[bool] = []
_readers: list[Callable[..., object] | None] = []


def find_reader() -> Callable[..., object] | None:
    """pydantic's reader, where the function holds it (with FastAPI it does). Its import takes 25 ms, once."""
    if not _readers:
        try:
            from pydantic_core import from_json
        except ImportError:
            _readers.append(None)
        else:
            _readers.append(from_json)
    return _readers[0]


def keep_memory() -> None:
    """Keep freed memory for the next body: C's library would give it back, and every page of it costs again.

    A third of the time of an image of 150 KB goes there otherwise. Other C libraries are left as they are.
    """
    if _kept:
        return
    _kept.append(True)
    import ctypes

    try:
        tell = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    tell(_TRIM_THRESHOLD, _KEPT_BYTES)
    tell(_MMAP_THRESHOLD, _MAPPED_BYTES)
