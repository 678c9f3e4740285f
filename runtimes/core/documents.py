"""JSON in and out, as every face reads and writes it: RFC 8259, no NaN, one exact value for each number.

The standard library's scanner and encoder are called as they are, without the layers around them that each
small request would pay for. A large body is read by pydantic's own reader where the function holds it: its
numbers are the same, bit for bit, in a fifth of the time. What that one refuses is read again by the standard
library, which words the error.
"""

from __future__ import annotations

import json
import json.encoder

from runtimes.core.errors import RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

_SPACE = " \t\n\r"
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
    if text[:1] == "{":
        try:
            document, end = _scan(text, 0)
        except StopIteration:
            end = -1  # for the decoder, which says where
        if end == len(text) or (end > 0 and not text[end:].strip(_SPACE)):
            return document
    if not text.strip():
        raise RequestError("the body is empty; send a JSON document", status=400, code="invalid_json")
    return _DECODER.decode(text)


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


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _prepare_writer() -> Callable[[object], str]:
    """The document's text. ``JSONEncoder.encode`` makes a new encoder in C for every call; this keeps one."""
    plain = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return plain.encode
    quote = json.encoder.encode_basestring_ascii
    chunks = make(None, plain.default, quote, None, ":", ",", False, False, False)

    def write_text(document: object) -> str:
        return "".join(chunks(document, 0))

    return write_text


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_scan: Callable[[str, int], tuple[object, int]] = _DECODER.scan_once  # type: ignore[attr-defined]
write = _prepare_writer()
