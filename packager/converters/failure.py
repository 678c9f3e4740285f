"""The failures that a worker reports: each names its class in packager/errors.py, which is not here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_MOST_FLAGS = 40


class WorkerError(Exception):
    """An expected failure: what happened with which value, what to do next, further lines."""

    kind = "ConversionError"

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        details: tuple[str, ...] = (),
        environment: str | None = None,
    ) -> None:
        """``environment``: the one that can do it, if this one cannot; the front then tries there."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
        self.environment = environment

    def document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "details": list(self.details),
            "environment": self.environment,
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


def flags_for(names: Sequence[str]) -> str:
    """The options that let all these names in at once; a hostile file may have any number of them."""
    return " ".join(f"--allow {name}" for name in names[:_MOST_FLAGS])


@contextmanager
def translated(kind: type[WorkerError], sentence: str, hint: str | None = None) -> Iterator[None]:
    """The one border where a library's exception becomes ours: our sentence, then the library's own words."""
    try:
        yield
    except WorkerError:
        raise
    except Exception as error:
        raise kind(f"{sentence}: {words_of(error)}", hint=hint) from error


def words_of(error: BaseException) -> str:
    """The innermost reason in one line: exporters wrap errors, with advice for their own developers."""
    while error.__cause__ is not None:
        error = error.__cause__
    said = str(error)
    if "TorchScript interpreter" in said:  # two tracebacks of other machines come before the reason
        said = said.strip().splitlines()[-1]
    return " ".join(said.split())[:400] or type(error).__name__
