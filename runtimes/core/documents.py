"""JSON in and out, as every face reads and writes it.

The standard library's scanner and encoder are called as they are, without the layers around them that each
small request would pay for. A large body is read by pydantic's own reader where the function holds it: its
numbers are the same, bit for bit, in a fifth of the time. What that one refuses is read again by the standard
library, which words the error.
"""

from __future__ import annotations

from runtimes.core import json_text
from runtimes.core.errors import RequestError

write = json_text.write
LARGE = 65536
"""From here on a body is worth what ``large_bodies`` costs once."""


def encode(document: object) -> bytes:
    """The document as both faces write it."""
    return write(document).encode("ascii")


def parse(body: bytes | str) -> object:
    """The JSON of a body, or a 400 that says what is wrong with it."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        return _parse_large(text) if len(text) >= LARGE else _parse(text)
    except UnicodeDecodeError as error:
        message = f"the body is not UTF-8 (byte {error.start})"
    except RecursionError:
        message = "the body is nested too deeply"
    except ValueError as error:
        message = f"the body is not JSON: {error}"
    raise RequestError(message, status=400, code="invalid_json")


def _parse(text: str) -> object:
    if not text.strip():
        raise RequestError("the body is empty; send a JSON document", status=400, code="invalid_json")
    return json_text.read(text)


def _parse_large(text: str) -> object:
    from runtimes.core import large_bodies

    large_bodies.keep_memory()
    read = large_bodies.find_reader()
    if read is not None:
        try:
            return read(text, allow_inf_nan=False, cache_strings="none")
        except (TypeError, ValueError):
            pass  # read again below, for the words of the error and for what only the other takes
    return _parse(text)
