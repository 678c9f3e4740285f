"""Requests and answers that are one tensor as bytes: raw, with dtype and shape in headers, or `.npy`.

Imported when the first of them comes. Only ``predict`` takes and gives them; errors are JSON as ever.
"""

from __future__ import annotations

from runtimes.core import npy
from runtimes.core.documents import LARGE, parse
from runtimes.core.errors import RequestError
from runtimes.core.large_bodies import keep_memory
from runtimes.core.media import BINARY, NPY, media_of
from runtimes.core.predictor import Predictor
from runtimes.core.service import PREDICT, check_size, guarded
from runtimes.core.shapes import BATCH
from runtimes.core.signature import Signature
from runtimes.core.tensors import DTYPES, Tensor, from_bytes


class Content:
    """An answer that is no JSON: its bytes, its own headers, and its rows for the log."""

    __slots__ = ("data", "headers", "rows")

    def __init__(self, data: bytes, headers: dict[str, str], rows: int | None) -> None:
        self.data = data
        self.headers = headers
        self.rows = rows


def answer(
    predictor: Predictor, route: str, headers: dict[str, str], body: bytes | str, request_id: str
) -> tuple[int, dict[str, object] | Content]:
    """``service.respond`` for a request that is bytes, or wants them, by its headers.

    A document carries the request's id; bytes do not.
    """
    sent, wanted = media_of(headers.get("content-type", "")), media_of(headers.get("accept", ""))

    def run() -> dict[str, object] | Content:
        if route != PREDICT:
            raise _wrong_route(sent in BINARY)
        check_size(body, predictor.manifest.limits.max_body_bytes)
        if len(body) >= LARGE:
            keep_memory()
        signature = predictor.manifest.signature
        document = _read(sent, headers, body, signature) if sent in BINARY else parse(body)
        if wanted in BINARY:
            return _write(predictor, document, wanted, headers)
        return predictor.predict(document)

    status, found = guarded(run, route, request_id)
    if isinstance(found, dict):
        found.setdefault("request_id", request_id)
    return status, found


def _wrong_route(sent: bool) -> RequestError:
    status, code = (415, "unsupported_media_type") if sent else (406, "not_acceptable")
    message = f"only {PREDICT} takes and gives tensors as bytes; send and ask for JSON here"
    return RequestError(message, status=status, code=code)


def _read(media: str, headers: dict[str, str], body: bytes | str, signature: Signature) -> dict[str, object]:
    """The document that the bytes stand for."""
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    name = _find_input(signature, headers.get("x-tensor-name"))
    return {"inputs": {name: npy.read(data) if media == NPY else _read_raw(data, headers)}}


def _find_input(signature: Signature, name: str | None) -> str:
    names = [spec.name for spec in signature.inputs]
    if len(names) > 1:
        message = f"the model takes {', '.join(names)}, and a body of bytes is one tensor; send JSON with b64"
        raise RequestError(message, status=415, code="unsupported_media_type")
    if name not in (None, names[0]):
        message = f"the model has no input {str(name)[:80]!r}; it takes {names[0]}"
        raise RequestError(message, field="x-tensor-name")
    return names[0]


def outputs_as_bytes(signature: Signature) -> list[str]:
    """The outputs whose tensor is the answer: an index into the classes says nothing alone."""
    return [
        spec.name
        for spec in signature.outputs
        if spec.dtype != "string"
        and not (spec.role == "label" and (signature.label_is_index or spec.class_labels))
    ]


def _find_output(signature: Signature, name: str | None) -> int:
    names = [spec.name for spec in signature.outputs]
    chosen = names[0] if name is None and len(names) == 1 else name
    known = outputs_as_bytes(signature)
    if chosen not in known:
        message = f"an answer of bytes is one tensor; name it in the header x-output-name: {', '.join(known)}"
        if not known:
            message = "no output of this model is answered as bytes; ask for JSON"
        raise RequestError(message, field="x-output-name", status=406, code="not_acceptable")
    return names.index(str(chosen))


def _read_raw(data: bytes, headers: dict[str, str]) -> Tensor:
    """Little-endian elements in C order."""
    dtype = headers.get("x-tensor-dtype", "").strip()
    if dtype not in DTYPES or dtype == "string":
        known = ", ".join(name for name in DTYPES if name != "string")
        raise RequestError(f"the header x-tensor-dtype must be one of {known}", field="x-tensor-dtype")
    if "x-tensor-shape" not in headers:
        message = "the header x-tensor-shape is missing; send the sizes, such as 1,3,224,224"
        raise RequestError(message, field="x-tensor-shape")
    shape = npy.read_sizes(headers["x-tensor-shape"], "x-tensor-shape")
    return from_bytes(dtype, shape, data, "the body", "inputs")


def _write(predictor: Predictor, document: object, media: str, headers: dict[str, str]) -> Content:
    signature = predictor.manifest.signature
    place = _find_output(signature, headers.get("x-output-name"))
    tensor = predictor.predict_tensors(document)[place]
    shape = tensor.shape
    described = {
        "content-type": media,
        "x-tensor-dtype": tensor.dtype,
        "x-tensor-shape": ",".join(map(str, shape)),
    }
    data = tensor.to_bytes()
    rows = shape[0] if shape and signature.outputs[place].shape[:1] == (BATCH,) else None
    return Content(npy.header(tensor) + data if media == NPY else data, described, rows)
