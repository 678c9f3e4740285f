"""What the description says of tensors as bytes: bodies, headers, answers."""

from __future__ import annotations

from typing import Any

from runtimes.core.binary import outputs_as_bytes
from runtimes.core.casting import may_cast
from runtimes.core.media import BINARY
from runtimes.core.signature import Signature
from runtimes.core.tensors import DTYPES

_BYTES = {"type": "string", "format": "binary"}


def request_content(signature: Signature) -> dict[str, Any]:
    """The types of body that are one tensor, for a model that takes one."""
    if len(signature.inputs) > 1 or signature.inputs[0].dtype == "string":
        return {}
    return {media: {"schema": _BYTES} for media in BINARY}


def answer_content(signature: Signature) -> dict[str, Any]:
    """The types in which an output can be asked for."""
    return {media: {"schema": _BYTES} for media in BINARY} if outputs_as_bytes(signature) else {}


def parameters(signature: Signature) -> list[dict[str, Any]]:
    """The headers that describe a body of bytes, or choose the output that is answered so."""
    found = []
    if request_content(signature):
        spec = signature.inputs[0]
        dtypes = [dtype for dtype in DTYPES if may_cast(dtype, spec.dtype)]
        about = f"of an {BINARY[0]} body: "
        found = [
            _header("x-tensor-dtype", about + "its dtype", {"enum": dtypes}),
            _header("x-tensor-shape", about + "its sizes, as 1,3,224,224", {"type": "string"}),
            _header("x-tensor-name", "of a body of bytes: the input", {"enum": [spec.name]}),
        ]
    outputs = outputs_as_bytes(signature)
    if outputs:
        found.append(_header("x-output-name", "of an answer of bytes: the output", {"enum": outputs}))
    return found


def _header(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}
