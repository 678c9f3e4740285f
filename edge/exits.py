"""How ``python -m edge`` ends: its exit codes, as `docs/contracts.md` lists them."""

from __future__ import annotations

DONE = 0
MODEL = 1
"""The bundle is not whole, is for another machine, or its model fails."""
USAGE = 2
ROWS = 3
"""Rows were refused; all others are answered."""
STREAM = 4
"""The input cannot be read, or the answers cannot be written."""
SELFTEST = 5
"""The golden inputs are not answered as they should be."""
UNSENT = 6
"""Telemetry is left in the spool: nobody takes it, or there is more than one run sends."""
