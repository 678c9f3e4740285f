"""The types of bodies, as ``content-type`` and ``accept`` name them."""

from __future__ import annotations

from runtimes.core.errors import RequestError

JSON = "application/json"
NPY = "application/x-npy"
BINARY = ("application/octet-stream", NPY)
"""A body of these is one tensor as bytes."""


def media_of(value: str) -> str:
    """The first type that a header names, without its parameters."""
    if value in (JSON, "*/*"):
        return value
    return value.partition(",")[0].partition(";")[0].strip().lower()


def check_media(headers: dict[str, str]) -> bool:
    """Whether the body or the wanted answer is bytes; refused where the body is of no type that is read."""
    if headers.get("content-type") == JSON and "content-encoding" not in headers:
        return media_of(headers.get("accept", JSON)) in BINARY
    media = media_of(headers.get("content-type", ""))
    if media and media != JSON and media not in BINARY and not _is_json(media):
        message = f"content-type {media[:80]!r} is not taken; send JSON as 'application/json'"
        raise RequestError(message, status=415, code="unsupported_media_type")
    if "content-encoding" in headers:
        encoding = headers["content-encoding"].strip().lower()
        if encoding not in ("", "identity"):
            message = f"content-encoding {encoding[:80]!r} is not taken; send the body as it is"
            raise RequestError(message, status=415, code="unsupported_media_type")
    return media in BINARY or media_of(headers.get("accept", "")) in BINARY


def _is_json(media: str) -> bool:
    return media.startswith("application/") and "+json" in media
