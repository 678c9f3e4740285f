"""What a device knows of the time: seconds since it started for certain, the date as far as it was set."""

from __future__ import annotations

import os
import time

OLDEST_DATE_S = 1767225600
"""2026-01-01: no bundle is older. A clock before that was never set; many boards start in 1970."""
STEP_S = 2.0


class Moment:
    """One instant by all clocks."""

    __slots__ = ("monotonic_s", "wall_s")

    def __init__(self) -> None:
        self.monotonic_s = time.monotonic()
        self.wall_s = time.time()

    def status_until(self, later: Moment) -> str:
        """``unset``: the date means nothing; ``stepped``: it was changed meanwhile; ``steady``: neither."""
        if min(self.wall_s, later.wall_s) < OLDEST_DATE_S:
            return "unset"
        drift_s = (later.wall_s - self.wall_s) - (later.monotonic_s - self.monotonic_s)
        return "stepped" if abs(drift_s) > STEP_S else "steady"


def uptime_s() -> float | None:
    """Seconds since the device started; None where the kernel does not say."""
    text = _first_word("/proc/uptime")
    try:
        return float(text) if text else None
    except ValueError:
        return None


def boot_id() -> str:
    """What tells one start of the device from another: with it, uptimes can be compared."""
    return _first_word("/proc/sys/kernel/random/boot_id")


def _first_word(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        words = os.read(descriptor, 256).split()
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return words[0].decode("ascii", "replace") if words else ""
