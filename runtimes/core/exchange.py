"""What both HTTP faces do around ``service.respond``: route by path, check headers, request id, log line."""

from __future__ import annotations

import os
from json.encoder import encode_basestring_ascii as _quote
from time import perf_counter

from runtimes.core.documents import encode
from runtimes.core.errors import RequestError
from runtimes.core.media import check_media
from runtimes.core.predictor import Predictor
from runtimes.core.service import INFER_V2, PREDICT, PREDICT_BATCH, failed, respond

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtimes.core.binary import Content


_STDOUT = 1


class Target:
    """A prediction route as a path names it, for v2 with the model and the version that the path asks for."""

    __slots__ = ("model", "route", "version")

    def __init__(self, route: str, model: str | None = None, version: str | None = None) -> None:
        self.route = route
        self.model = model
        self.version = version


def find_target(path: str) -> Target | None:
    """The prediction route of a path, or None: the path is not one that predicts."""
    target = _TARGETS.get(path)
    if target is not None:
        return target
    if not (path.startswith("/v2/models/") and path.endswith("/infer")):
        return None
    parts = path.split("/")[3:-1]
    if not all(parts):
        return None
    if len(parts) == 1:
        return Target(INFER_V2, parts[0])
    return Target(INFER_V2, parts[0], parts[2]) if len(parts) == 3 and parts[1] == "versions" else None


def answer(
    predictor: Predictor, target: Target, headers: dict[str, str], body: bytes | str, request_id: str
) -> tuple[int, dict[str, object] | Content]:
    """``respond`` for an HTTP request; ``headers`` are named in lower case."""
    try:
        if target.model is not None:
            check_model(predictor, target.model, target.version)
        as_bytes = check_media(headers)
    except RequestError as error:
        return error.status, failed(error, target.route, request_id)
    if as_bytes:
        from runtimes.core import binary

        return binary.answer(predictor, target.route, headers, body, request_id)
    return respond(predictor, target.route, body, request_id)


def check_model(predictor: Predictor, model: str | None, version: str | None = None) -> None:
    """Refuse another model's name or another version's with a 404: one artifact serves one model."""
    manifest = predictor.manifest
    if model is not None and model != manifest.name:
        message = f"there is no model {model[:80]!r} here; this artifact serves {manifest.name!r}"
        raise RequestError(message, status=404, code="not_found")
    if version is not None and version != manifest.version:
        message = f"there is no version {version[:80]!r} here; this artifact is version {manifest.version!r}"
        raise RequestError(message, status=404, code="not_found")


def choose_request_id(headers: dict[str, str], own: str) -> str:
    """The sender's ``x-request-id`` where it is sane (it is echoed and logged), else ``own`` or a new one."""
    if "x-request-id" not in headers:
        return own or os.urandom(16).hex()
    given = headers["x-request-id"]
    plain = given.replace("-", "").replace("_", "").replace(".", "")
    if len(given) <= 128 and plain.isascii() and plain.isalnum():
        return given
    return own or os.urandom(16).hex()


def count_rows(document: dict[str, object] | Content) -> int | None:
    """How many rows an answer holds, where its shape says it."""
    if not isinstance(document, dict):
        return document.rows
    rows = document.get("predictions", document.get("results"))
    return len(rows) if isinstance(rows, list) else None


def log_request(
    source: str, request_id: str, route: str, status: int, started: float, rows: int | None = None
) -> None:
    """Write the one line of log that a request gets: none of it is the user's data.

    Put together by hand, since encoding an object for it would cost half as much as a small prediction.
    ``source`` and ``route`` are names of ours and need no quoting.
    """
    latency_ms = (perf_counter() - started) * 1000
    counted = f',"rows":{rows}' if rows is not None else ""
    line = (
        f'{{"level":"{"INFO" if status < 500 else "ERROR"}","message":"request",'
        f'"request_id":{_quote(request_id)},"route":"{route}","status":{status},'
        f'"latency_ms":{latency_ms:.3f},"source":"{source}"{counted}}}\n'
    )
    os.write(_STDOUT, line.encode("ascii"))


def write_log(line: dict[str, object]) -> None:
    """One line of JSON on stdout, past every buffer: lines of threads do not mix, and none waits."""
    os.write(_STDOUT, encode(line) + b"\n")


_TARGETS = {"/predict": Target(PREDICT), "/predict/batch": Target(PREDICT_BATCH)}
