"""The action `translate` into the format tiny: an ONNX model that another job wrote, for pure Python."""

import json
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError
from packager.converters.files import write_bytes
from packager.converters.request import Request
from packager.converters.signature import read_document
from packager.converters.tiny.graph import check_operators, lower
from packager.converters.tiny.node import UncoveredError

_MODEL = "model.tiny"
_HINT = "build with --engine onnxruntime, or leave --engine out to have one chosen"


def translate(request: Request, job: Path) -> dict[str, Any]:
    """Signature and answers stay as they are; what the engine cannot run is refused by name."""
    import onnx

    if request.converted is None:
        raise ConversionError("A translation needs the folder of the job that wrote the ONNX model")
    before = json.loads((request.converted / "result.json").read_text(encoding="utf-8"))
    try:
        check_operators(onnx.load(request.source, load_external_data=False))
        written = lower(onnx.load(request.source), read_document(before["signature"]))
    except UncoveredError as error:
        raise ConversionError(f"tiny has no {error}", hint=_HINT) from None
    write_bytes(job / _MODEL, written.data)
    return {
        "signature": before["signature"],
        "notes": [],
        "model": {
            "path": _MODEL,
            "format": "tiny",
            "opset": None,
            "converter": "packager's own",
            "modules": list(written.modules),
        },
    }
