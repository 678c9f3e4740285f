"""Sends a spool when there is a connection: batch by batch, each deleted when the receiver has said 2xx."""

from __future__ import annotations

import os
import random
import time

from edge.telemetry import spool
from edge.telemetry.batches import BATCH_BYTES, Batch, halve, next_batch
from edge.telemetry.clock import boot_id, uptime_s
from edge.telemetry.http_post import NoAnswerError, Receiver
from edge.telemetry.spool import Spool

_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_TOO_LARGE = 413
_LONGEST_WAIT_S = 60.0


class BusyError(Exception):
    """Another process sends from this spool."""


class RefusedError(Exception):
    """The receiver takes none of it as it is: a wrong address or key. All of it stays in the spool."""


class Limits:
    """How long to try, how long one answer may take, how much to send in all and in one batch.

    ``first_wait_s``: between the first two tries; each wait after it is twice as long, up to a minute.
    """

    __slots__ = ("answer_s", "batch_bytes", "first_wait_s", "most_bytes", "total_s")

    def __init__(
        self,
        total_s: float = 60.0,
        answer_s: float = 15.0,
        most_bytes: int = 16 << 20,
        batch_bytes: int = BATCH_BYTES,
        first_wait_s: float = 1.0,
    ) -> None:
        self.total_s = total_s
        self.answer_s = answer_s
        self.most_bytes = most_bytes
        self.batch_bytes = batch_bytes
        self.first_wait_s = first_wait_s


class Sent:
    """What became of a spool: ``why`` says why something is left, and is empty where nothing is."""

    __slots__ = ("batches", "dropped", "sent_bytes", "summaries", "why")

    def __init__(self) -> None:
        self.batches = 0
        self.summaries = 0
        self.sent_bytes = 0
        self.dropped = 0
        self.why = ""


def send(folder: str, receiver: Receiver, limits: Limits) -> Sent:
    """Send what is there, the oldest first. Raises BusyError or RefusedError."""
    sent = Sent()
    if not os.path.isdir(folder):
        return sent
    lock = spool.try_lock(folder)
    if lock is None:
        raise BusyError(f"another process is sending from {folder}: let it end")
    try:
        _send_all(Spool(folder, 1 << 62), receiver, limits, sent)
    finally:
        os.close(lock)
    return sent


def _send_all(place: Spool, receiver: Receiver, limits: Limits, sent: Sent) -> None:
    ends_s = time.monotonic() + limits.total_s
    while True:
        batch = next_batch(place, limits.batch_bytes)
        if batch is None:
            return
        if sent.sent_bytes + len(batch.body) > limits.most_bytes:
            sent.why = f"{limits.most_bytes} bytes are sent, and more is for another time"
            return
        if not _deliver(place, receiver, batch, limits, ends_s, sent):
            return


def _deliver(
    place: Spool, receiver: Receiver, batch: Batch, limits: Limits, ends_s: float, sent: Sent
) -> bool:
    """Send one batch until it is taken; False when the time is over."""
    wait_s = limits.first_wait_s
    while True:
        left_s = ends_s - time.monotonic()
        if left_s <= 0:
            sent.why = sent.why or "the time is over"
            return False
        asked_s = 0.0
        try:
            sent.sent_bytes += len(batch.body)
            status, asked_s = receiver.post(batch.body, _headers(batch), min(limits.answer_s, left_s))
            if status not in _AGAIN:
                return _settle(place, receiver, batch, status, sent)
            sent.why = f"{receiver.url} answered {status}"
        except NoAnswerError as error:
            sent.why = str(error)
        pause_s = max(asked_s, wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - so that a fleet does not march
        if time.monotonic() + pause_s >= ends_s or sent.sent_bytes + len(batch.body) > limits.most_bytes:
            return False
        time.sleep(pause_s)
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


def _settle(place: Spool, receiver: Receiver, batch: Batch, status: int, sent: Sent) -> bool:
    """What a last word means: taken, too large, or refused."""
    if 200 <= status < 300:
        spool.remove(place.folder, batch.name)
        spool.sync_folder(place.folder)
        sent.batches += 1
        sent.summaries += batch.summaries
        sent.why = ""
        return True
    if status == _TOO_LARGE:
        if not halve(place, batch):  # it would be refused for ever, and keep all others here
            spool.remove(place.folder, batch.name)
            sent.dropped += batch.summaries
        return True
    taken = f"{sent.summaries} summaries were taken, the others stay in the spool"
    raise RefusedError(f"{receiver.url} answered {status}: {taken}")


def _headers(batch: Batch) -> dict[str, str]:
    """``Idempotency-Key``: the same for the same bytes. Uptime and boot id date what a clock could not."""
    return {
        "Content-Type": "application/x-ndjson",
        "Content-Encoding": "gzip",
        "Idempotency-Key": batch.identifier,
        "X-Uptime-S": str(uptime_s() or ""),
        "X-Boot-Id": boot_id(),
    }
