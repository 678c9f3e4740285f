"""The failures that a worker reports: each names its class in packager/errors.py, which is not here."""

from typing import Any


class WorkerError(Exception):
    """An expected failure: what happened with which value, what to do next, further lines."""

    kind = "ConversionError"

    def __init__(self, message: str, hint: str | None = None, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "details": list(self.details),
        }


class ConversionError(WorkerError):
    """The converter cannot express this model."""


class SourceError(WorkerError):
    """The model file is missing, damaged, or of a kind that is not supported."""

    kind = "SourceError"


class UnsafeModelError(WorkerError):
    """The model file asks for code that is not on the allow-list."""

    kind = "UnsafeModelError"


class SamplesError(WorkerError):
    """The sample rows or labels cannot be read, or do not fit the model."""

    kind = "SamplesError"
