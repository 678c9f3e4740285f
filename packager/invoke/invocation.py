"""What one event came to, and whether that is an answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from packager.errors import InvokeError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_LAST_LINES = 12
_IMPORTING = re.compile(r'^\s+File "[^"]*importlib[./]|^\s+return _bootstrap\._gcd_import\(')


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event's outcome: the document that came back, and the emulator's own times.

    ``status`` is the HTTP status inside the answer, where the answer has one. ``init_ms`` is None for a
    warm instance (and, as ``run_ms``, where nothing true is known: the SAM CLI times only itself).
    ``failure`` says why this is no answer: it is None exactly when the function answered.
    """

    document: Json
    status: int | None
    init_ms: float | None
    run_ms: float | None
    log: tuple[str, ...]
    timed_out: bool
    failure: str | None

    def or_error(self) -> "Invocation":
        """This invocation, when it is an answer; else the reason with the last lines of the log."""
        if self.failure is not None:
            hint = "the lines above are the end of its log" if self.log else None
            raise InvokeError(self.failure, hint=hint, details=self.log)
        return self


def failure_in(document: Json) -> str | None:
    """Why this document is Lambda's report of a failure, or a server's error; None for an answer."""
    if not isinstance(document, Mapping):
        return None
    if "errorType" in document or "errorMessage" in document:
        kind, message = document.get("errorType", "an error"), document.get("errorMessage", "")
        return f"the function failed with {kind}: {message}"
    status = status_in(document)
    if status is not None and status >= 500:
        return f"the function answered with status {status}: {_shortened(document.get('body', document))}"
    return None


def status_in(document: Json) -> int | None:
    """The HTTP status that an answer carries: for a gateway in ``statusCode``, in an error ``status``."""
    if not isinstance(document, Mapping):
        return None
    for name in ("statusCode", "status"):
        status = document.get(name)
        if isinstance(status, int) and not isinstance(status, bool):
            return status
    return None


def last_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The end of a log, where the reason stands, without the frames of Python's own import."""
    return tuple(line for line in lines if line.strip() and not _IMPORTING.search(line))[-_LAST_LINES:]


def _shortened(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 300 else text[:300] + "…"
