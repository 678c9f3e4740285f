"""The two ways a prediction fails: the request is wrong, or the model cannot be served."""

from __future__ import annotations


class RequestError(Exception):
    """The request cannot be answered, and its sender can change that: a 4xx.

    ``field`` names the place in the request (``instances[3].age``), ``index`` the row, when there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        index: int | None = None,
        status: int = 422,
        code: str = "invalid_input",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.index = index
        self.status = status
        self.code = code

    def document(self) -> dict[str, object]:
        """The error as it stands in an answer."""
        detail = {"code": self.code, "message": self.message, "field": self.field, "index": self.index}
        return {"error": detail}


class ModelError(Exception):
    """The manifest or the engine fails: a 5xx. The message is a sentence with the engine's own words.

    ``about_input`` is true where the engine refused the values it was given (an index out of a table's
    bounds): that failure is the request's.
    """

    def __init__(self, message: str, *, about_input: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.about_input = about_input

    def document(self) -> dict[str, object]:
        """The error as it stands in an answer: the details are for the log."""
        detail = {
            "code": "model_failed",
            "message": "the model failed; see the log",
            "field": None,
            "index": None,
        }
        return {"error": detail}
