"""How a job ends: done, refused for good, worth another try, or interrupted; each has its exit code."""

from __future__ import annotations

DONE = 0
TRY_AGAIN = 1
PERMANENT = 2
INTERRUPTED = 75
"""Exit codes, which `evaluateOnExit` of AWS Batch and any other scheduler decide by."""


class JobError(Exception):
    """A failure that another try would meet again: wrong columns, no such bucket, too many bad rows.

    ``message`` is one sentence with the value; ``hint`` says what to do next.
    """

    exit_code = PERMANENT

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class TryAgainError(JobError):
    """A failure that may be gone on another try: a store that does not answer, a full disk."""

    exit_code = TRY_AGAIN


class InterruptedJobError(JobError):
    """SIGTERM or SIGINT came: what is done is kept, and another try goes on from there."""

    exit_code = INTERRUPTED
