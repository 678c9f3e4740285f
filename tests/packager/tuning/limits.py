"""Skips where control groups cannot be made, with the machine's own reason."""

import pytest

from packager.tuning import cgroups

_REASON = cgroups.reason_for_none()
needs_limits = pytest.mark.skipif(
    _REASON is not None, reason=f"limits cannot be set: {_REASON.message if _REASON else ''}"
)
