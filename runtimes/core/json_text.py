"""JSON by the standard library's C code alone: RFC 8259, no NaN, one exact value for each number.

``import json`` also brings ``re`` and ``enum``, which hold more memory than a small model. It is imported
where the C code is not there, and where an error has to be worded.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn

    Scan = Callable[[str, int], tuple[object, int]]

SPACE = " \t\n\r"


def read(text: str) -> Any:
    """The value of a whole text. Raises ``ValueError``; ``RecursionError`` where it is nested too deeply."""
    start = 0 if text[:1] not in SPACE else len(text) - len(text.lstrip(SPACE))
    try:
        value, end = scan(text, start)
    except (StopIteration, SystemError):
        # The latter is what the scanner of Python 3.12 and older comes to where it would raise the exception
        # of `json.decoder`, and that is not imported. It reads the text again, and says what is wrong.
        return _decode(text)
    if end == len(text) or not text[end:].strip(SPACE):
        return value
    return _decode(text)


def read_own(text: str) -> Any:
    """The value at the head of a text that packager itself wrote: its numbers may be infinite, or none."""
    try:
        return _scan_own(text, 0)[0]
    except (StopIteration, SystemError):
        raise ValueError("it is no JSON") from None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


class _Reading:
    """How the scanner reads: as ``json.JSONDecoder`` does, but for NaN and infinity."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = staticmethod(_refuse_constant)


class _ReadingOwn(_Reading):
    """The same, with the numbers that JSON has no word for."""

    parse_constant = staticmethod(float)  # type: ignore[assignment]


def _decode(text: str) -> object:
    import json

    value: object = json.loads(text, parse_constant=_refuse_constant)
    return value


def _refuse_value(value: object) -> NoReturn:
    raise TypeError(f"JSON has no word for a {type(value).__name__}")


def _prepare_scan(reading: type[_Reading]) -> Scan:
    try:
        from _json import make_scanner
    except ImportError:
        from json import JSONDecoder

        slow: Scan = JSONDecoder(parse_constant=reading.parse_constant).scan_once  # type: ignore[attr-defined]
        return slow
    quick: Scan = make_scanner(reading())  # type: ignore[arg-type]
    return quick


def _prepare_write() -> Callable[[object], str]:
    """The document's text. ``JSONEncoder.encode`` makes a new encoder in C for every call; this keeps one."""
    try:
        from _json import encode_basestring_ascii, make_encoder
    except ImportError:
        from json import JSONEncoder

        return JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
    chunks = make_encoder(None, _refuse_value, encode_basestring_ascii, None, ":", ",", False, False, False)

    def write_text(document: object) -> str:
        return "".join(chunks(document, 0))

    return write_text


scan = _prepare_scan(_Reading)
_scan_own = _prepare_scan(_ReadingOwn)
write = _prepare_write()
