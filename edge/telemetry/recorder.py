"""``Telemetry``: counts what a model is asked, and writes a summary of each interval into a spool."""

from __future__ import annotations

import atexit
import json
import os
import threading
import time
import weakref

from edge.machine import peak_memory_bytes
from edge.telemetry.clock import Moment, boot_id, uptime_s
from edge.telemetry.spool import Spool
from edge.telemetry.summary import SCHEMA_VERSION, Counts, write_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

    from edge.telemetry.samples import Samples

MAX_BYTES = 4 << 20
INTERVAL_S = 300.0
_MOST_NAME = 128
_MOST_INTERVAL_S = 1e8
_START_AGAIN = 1024


class Telemetry:
    """Counts requests in memory, and every ``interval_s`` writes a summary into ``folder`` (``max_bytes``).

    Nothing is written while a request is answered, and no failure to write ever reaches it: what cannot be
    written stays in memory, added up, until it can. ``close`` (or the end of the program) writes what is
    left; a kill or a power cut loses the interval that runs, as does a worker that `multiprocessing` ends
    without ``close``. ``samples`` keeps some values where you ask for it.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        max_bytes: int = MAX_BYTES,
        interval_s: float = INTERVAL_S,
        device: str | None = None,
        samples: Samples | None = None,
    ) -> None:
        if not interval_s > 0:
            raise ValueError(f"interval_s is {interval_s}; it must be more than 0")
        if max_bytes < 1 << 16:
            raise ValueError(f"max_bytes is {max_bytes}; a spool of less than {1 << 16} bytes holds nothing")
        self._spool = Spool(os.path.abspath(os.fsdecode(folder)), max_bytes)
        self._interval_s = min(interval_s, _MOST_INTERVAL_S)
        self._device: dict[str, object] = {
            "name": (device or os.uname().nodename)[:_MOST_NAME],
            "profile": None,
        }
        self._model: dict[str, object] = {"name": None, "version": None, "number": None}
        self._samples = samples
        self._sequence = 0
        self._unwritten = 0
        self._counts = Counts()
        self._begin_anew()
        _OPEN.add(self)

    def record(self, latency_ms: float, rows: int, error_code: str | None) -> None:
        """Count one request: ``error_code`` is None where it was answered."""
        latency_ns = int(latency_ms * 1e6) if 0 <= latency_ms < 1e12 else 0
        with self._lock:
            self._counts.add(latency_ns, rows, error_code)
            # Now and then again: this machine may have had no room for a thread.
            if self._writer is None and self._counts.requests % _START_AGAIN == 1:
                self._start_writer()

    def refuse(self, error_code: str) -> None:
        """Count an error of one row; the request that it came in is recorded by itself."""
        with self._lock:
            self._counts.add_error(error_code, 1)

    def sample(self, values: Mapping[str, object]) -> None:
        """Offer one request's values: of the fields in ``samples`` some may be kept; without it, none are."""
        with self._lock:
            if self._samples is not None:
                self._samples.offer(values)

    def serves(self, name: str, version: str, profile: str | None = None, root: str | None = None) -> None:
        """Say which model is asked from now on; what was counted of another one is written first.

        ``root`` is its bundle: in a slot of an updater, the number of its release is told too.
        """
        model: dict[str, object] = {"name": name, "version": version, "number": find_number(root)}
        if model != self._model:
            self.flush()
        with self._lock:
            self._model = model
            self._device = {**self._device, "profile": profile}

    def flush(self) -> bool:
        """Write what was counted, now; False where it cannot be written, and is kept in memory."""
        with self._writing:
            with self._lock:
                counts, self._counts = self._counts, Counts()
                if not counts.requests:
                    return True
                document = self._document(counts)
            try:
                self._spool.write(str(document["id"]), lambda dropped: _line_of(document, dropped))
            except OSError:
                with self._lock:
                    self._unwritten += 1
                    counts.merge(self._counts)
                    self._counts = counts
                return False
            with self._lock:
                self._sequence += 1
                self._unwritten = 0
                self._began = Moment()
                if self._samples is not None:
                    self._samples.clear()
            return True

    def close(self) -> None:
        """Write what is left, and stop writing. What is recorded after this waits for a ``flush``."""
        self._stop.set()
        self.flush()

    def __enter__(self) -> Telemetry:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _begin_anew(self) -> None:
        """As a process that has counted nothing: at the start, and in the child of a fork."""
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._writer: threading.Thread | None = None
        self._counts = Counts()
        self._run = os.urandom(8).hex()
        self._sequence = 0
        self._unwritten = 0
        self._began = Moment()
        if self._samples is not None:
            self._samples.clear()

    def _start_writer(self) -> None:
        """A thread at the first request. Where none can be had, what is counted waits for ``close``."""
        writer = threading.Thread(target=_write_regularly, args=(weakref.ref(self), self._stop), daemon=True)
        try:
            writer.start()
        except RuntimeError:  # no more threads, or the program ends
            return
        self._writer = writer

    def _document(self, counts: Counts) -> dict[str, object]:
        """The summary of what was counted since the last one."""
        now = Moment()
        samples = self._samples.document() if self._samples is not None else None
        return {
            "schema_version": SCHEMA_VERSION,
            "id": f"{self._run}-{self._sequence + 1}",
            "device": self._device,
            "model": self._model,
            "clock": {
                "status": self._began.status_until(now),
                "began_s": round(self._began.wall_s, 3),
                "ended_s": round(now.wall_s, 3),
                "seconds": round(now.monotonic_s - self._began.monotonic_s, 3),
                "uptime_s": uptime_s(),
                "boot_id": boot_id(),
            },
            **counts.document(),
            "memory_peak_bytes": peak_memory_bytes(),
            "unwritten": self._unwritten,
            **({} if samples is None else {"samples": samples}),
        }


def find_number(root: str | None) -> int | None:
    """The number of the release in the slot ``root``, as its updater wrote it down; None elsewhere."""
    home, slot = os.path.split(os.path.realpath(root or ""))
    try:
        with open(os.path.join(os.path.dirname(home), "state.json"), "rb") as file:
            state = json.loads(file.read(1 << 20))
        found = [state[key]["number"] for key in ("good", "trial") if (state[key] or {}).get("slot") == slot]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found[0] if found and isinstance(found[0], int) else None


def _line_of(document: dict[str, object], dropped: int) -> bytes:
    """The summary as it is written: ``dropped`` older ones had to go for it."""
    kept = {key: value for key, value in document.items() if key != "unwritten"}
    return write_line({**kept, "lost": {"dropped": dropped, "unwritten": document["unwritten"]}})


def _write_regularly(owner: weakref.ref[Telemetry], stop: threading.Event) -> None:
    while True:
        telemetry = owner()
        if telemetry is None:
            return
        interval_s = telemetry._interval_s
        del telemetry
        # Not ``stop.wait``: before Python 3.11 that waits by the date, which a device may set back.
        time.sleep(interval_s)
        telemetry = owner()
        if telemetry is None or stop.is_set():
            return
        telemetry.flush()


_OPEN: weakref.WeakSet[Telemetry] = weakref.WeakSet()


def _close_all() -> None:
    for telemetry in list(_OPEN):
        telemetry.close()


def _after_fork() -> None:
    """The parent's counts are the parent's: it writes them. Its threads are not here."""
    for telemetry in list(_OPEN):
        telemetry._begin_anew()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_after_fork)
