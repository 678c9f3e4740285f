"""Makes artifact roots for tests: a manifest, a model and the engine of an installed wheel."""

import hashlib
import json
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Document = dict[str, Any]


ENGINES = {
    "onnx": ("onnxruntime_c", "onnxruntime", "lib/libonnxruntime.so.1"),
    "tflite": ("litert_c", "ai-edge-litert", "lib/libLiteRt.so"),
}
"""The engine for each format, the package with its library, and where that lies in an artifact."""


def engine_library(format: str = "onnx") -> Path:
    """The engine's library inside the wheel that is installed here."""
    spec = find_spec(ENGINES[format][1].replace("-", "_"))
    assert spec is not None and spec.origin is not None
    package = Path(spec.origin).parent
    if format == "tflite":
        return package / "libLiteRt.so"
    (library,) = (package / "capi").glob("libonnxruntime.so.*")
    return library


def manifest_document(
    model: bytes, signature: Document, *, file: str = "model.onnx", **changes: object
) -> Document:
    """A manifest.json for this model; ``changes`` replace its top-level entries."""
    digest = hashlib.sha256(model).hexdigest()
    format = _format_of(file)
    kind, package, library = ENGINES[format]
    return {
        "schema_version": 1,
        "name": "probe",
        "version": digest[:12],
        "packager_version": "0.1.0",
        "model": {
            "path": f"model/{file}",
            "format": format,
            "sha256": digest,
            "size_bytes": len(model),
            "opset": 18 if format == "onnx" else None,
        },
        "engine": {
            "kind": kind,
            "version": version(package),
            "library": library,
            "intra_op_threads": 1,
        },
        "source": {
            "framework": "onnx",
            "framework_version": version("onnx"),
            "sha256": digest,
            "description": "made by a test",
        },
        "limits": {"max_body_bytes": 6291456, "max_rows": 10000},
        "signature": signature,
        **changes,
    }


def make_root(
    path: Path, model: bytes, signature: Document, *, file: str = "model.onnx", **changes: object
) -> Path:
    """Write an artifact root into ``path`` and return it. ``changes`` replace entries of the manifest.

    The library is linked to, not copied (30 MB); ``MODEL_ROOT=path`` makes the shipped runtime serve it.
    """
    (path / "model").mkdir(parents=True)
    (path / "lib").mkdir()
    (path / "model" / file).write_bytes(model)
    (path / ENGINES[_format_of(file)][2]).symlink_to(engine_library(_format_of(file)))
    document = manifest_document(model, signature, file=file, **changes)
    (path / "manifest.json").write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
    return path


def _format_of(file: str) -> str:
    return "tflite" if file.endswith(".tflite") else "onnx"
