"""How many processors this process may use: what it is bound to, and what its container is given of them."""

from __future__ import annotations

import math
import os

_QUOTAS = ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
_PERIOD = "/sys/fs/cgroup/cpu/cpu.cfs_period_us"


def count() -> int:
    """At least one."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(bound, _given() or bound))


def _given() -> int | None:
    """What the control group allows: of version 2 "quota period" in one file, of version 1 in two."""
    quota, _, period = _read(_QUOTAS[0]).partition(" ")
    if not quota:
        quota, period = _read(_QUOTAS[1]), _read(_PERIOD)
    if not quota.isdecimal() or not period.isdecimal() or not int(period):
        return None
    return math.ceil(int(quota) / int(period))


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
