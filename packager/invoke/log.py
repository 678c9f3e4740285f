"""Reads the emulator's log: its true times, and the function's own lines between them."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

# The emulator's REPORT line is of no use: its init duration is that of starting a process, its first
# duration holds the init, its memory is the configured size. These lines hold what was measured.
_INIT = re.compile(r"\(rapid\) INIT REPORT\(durationMs: ([0-9.]+)\)")
_RUN = re.compile(r"\(rapid\) INVOKE RTDONE\(status: \w+, .*duration: ([0-9.]+)ms\)")
_ENDED = re.compile(r"\(rapid\) (INVOKE RTDONE|Invoke failed|Invoke DONE failed|Init failed)")
# A process that dies of a signal before its first answer leaves no word of its own anywhere else.
# The emulator writes the two fields of such a line in any order.
_DIED = re.compile(
    r"\(rapid\) (?:Init|Invoke) failed .*?error=(Runtime exited .*?)(?: InvokeID=|$)", re.MULTILINE
)
EMULATORS_OWN = re.compile(r"^\d\d \w{3} \d{4} [\d:,]+ \[\w+\] \(rapid\)|^(START|END|REPORT) RequestId: ")

_SETTLE_S = 1.0
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Reading:
    """What the log says about one invocation."""

    init_ms: float | None
    run_ms: float | None
    function_lines: tuple[str, ...]
    died: str | None = None


def read_new(log: Path, offset: int) -> tuple[Reading, int]:
    """What was written after ``offset``, and the offset for the next invocation.

    The answer can overtake the log by a moment, so this waits for the line that ends an invocation and
    for the file to be still.
    """
    deadline = time.monotonic() + _SETTLE_S
    text = ""
    while time.monotonic() < deadline:
        before, text = text, _tail(log, offset)
        if text == before and _ENDED.search(text):
            break
        time.sleep(_PAUSE_S)
    return _parse(text), offset + len(text.encode("utf-8", errors="surrogateescape"))


def _tail(log: Path, offset: int) -> str:
    with log.open("rb") as stream:
        stream.seek(offset)
        return stream.read().decode("utf-8", errors="surrogateescape")


def _parse(text: str) -> Reading:
    inits, runs = _INIT.findall(text), _RUN.findall(text)
    lines = tuple(
        line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for line in text.splitlines()
        if line.strip() and not EMULATORS_OWN.search(line)
    )
    # An init that crashed is tried again within the event: both took the caller's time.
    init_ms = sum(float(found) for found in inits) if inits else None
    return Reading(init_ms, float(runs[-1]) if runs else None, lines, death_in(text))


def death_in(text: str) -> str | None:
    """How the function's process ended, where a log says that it did before it answered."""
    died = _DIED.search(text)
    return died[1] if died else None
