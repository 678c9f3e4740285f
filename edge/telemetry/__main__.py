"""``python -m edge.telemetry``: the same as ``python -m edge telemetry``."""

from __future__ import annotations

import sys

from edge.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["telemetry", *sys.argv[1:]]))
