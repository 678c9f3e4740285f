"""Says how far the job is: a bar on a terminal, elsewhere a line of JSON now and then."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from typing import Any

from runtimes.batch.tally import Tally

_EVERY_S = 10.0
_BAR_S = 0.2


class Progress:
    """Speaks on stderr from a thread of its own, and once more at the end. ``place``: what a scheduler calls
    this process."""

    def __init__(self, kind: str, tally: Tally, place: dict[str, str]) -> None:
        if kind == "auto":
            kind = "bar" if sys.stderr.isatty() else "json"
        self._tally = tally
        self._place = place
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._bar = _open_bar(tally) if kind == "bar" else None
        self._silent = kind == "none"
        self._thread = threading.Thread(target=self._speak, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        if not self._silent:
            self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        if self._silent:
            return
        self._thread.join(_BAR_S)
        self._say()
        if self._bar is not None:
            with contextlib.suppress(OSError):
                self._bar.close()

    def state(self) -> dict[str, Any]:
        """How far it is now."""
        tally, seconds = self._tally, time.monotonic() - self._started
        rows = tally.rows - tally.rows_before
        share = tally.share
        left = seconds * (1 - share) / share if share and not tally.done_before else self._left(rows, seconds)
        return {
            "rows": tally.rows,
            "rows_per_s": round(rows / seconds) if seconds else 0,
            "share": round(share, 4),
            "seconds_left": None if left is None else round(left),
            "dead_letters": tally.dead_letters,
            **self._place,
        }

    def _left(self, rows: int, seconds: float) -> float | None:
        total = self._tally.rows_in_all
        return None if total is None or not rows else (total - self._tally.rows) * seconds / rows

    def _speak(self) -> None:
        while not self._ended.wait(_EVERY_S if self._bar is None else _BAR_S):
            self._say()

    def _say(self) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more: that is no failure of the job
            self._show()

    def _show(self) -> None:
        if self._bar is None:
            print(json.dumps(self.state()), file=sys.stderr, flush=True)
            return
        self._bar.set_postfix(dead_letters=self._tally.dead_letters, refresh=False)
        self._bar.update(self._tally.rows - self._bar.n)


def _open_bar(tally: Tally) -> Any:
    """None where there is no tqdm: then it is lines of JSON."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        return None
    with contextlib.suppress(OSError):
        return tqdm(
            total=tally.rows_in_all,
            initial=tally.rows_before,
            unit=" rows",
            unit_scale=True,
            dynamic_ncols=True,
        )
    return None
