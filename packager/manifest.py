"""Writes `manifest.json`, the whole contract between the builder and the shipped runtime."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from packager import __version__
from packager.errors import ConversionError
from packager.model import ModelFile, Signature, SourceModel

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Engine:
    """How the shipped runtime runs the model: the library's path is relative to the artifact's root.

    An engine that is part of the runtime has none.

    ``graph_optimization`` is what ONNX Runtime does at each start: "off", "basic", "extended" or "all";
    ``why`` says why this release was chosen. ``thread_per``: a variable of the function's environment that
    holds a whole number, and how much of it makes one thread; below that there is one.
    """

    kind: str
    version: str
    library: str | None
    intra_op_threads: int = 1
    graph_optimization: str | None = None
    why: str | None = None
    thread_per: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the artifact refuses with a 4xx before it looks at the content."""

    max_body_bytes: int = 6 * 1024 * 1024
    max_rows: int = 10_000


def manifest_json(
    name: str,
    model: ModelFile,
    source: SourceModel,
    engine: Engine,
    limits: Limits | None = None,
) -> bytes:
    """Return the manifest's bytes: the same values always give the same bytes."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "version": model.version,
        "packager_version": __version__,
        "model": {
            "path": f"model/{model.path.name}",
            "format": model.format,
            "sha256": model.sha256,
            "size_bytes": model.size_bytes,
            "opset": model.opset,
            **_weights(model),
        },
        "engine": {key: value for key, value in asdict(engine).items() if value is not None},
        "source": {
            "framework": source.framework,
            "framework_version": source.framework_version,
            "sha256": source.sha256,
            "description": source.description,
        },
        "limits": asdict(limits or Limits()),
        "signature": signature_document(model.signature),
    }
    return canonical_json(document)


def _weights(model: ModelFile) -> dict[str, Any]:
    """The file beside the model that holds its weights, and the digest of the model as it was converted."""
    if model.weights is None:
        return {}
    path, held = f"model/{model.weights.path.name}", model.weights
    document = {"path": path, "sha256": held.sha256, "size_bytes": held.size_bytes}
    return {"weights": document, "converted_sha256": held.whole_sha256}


def canonical_json(document: object) -> bytes:
    """UTF-8, sorted keys, one trailing newline; a value JSON cannot hold (NaN) is an error."""
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def signature_document(signature: Signature) -> dict[str, Any]:
    """The signature as `docs/contracts.md` writes it."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(signature)))
    for spec in (*document["inputs"], *document["outputs"]):
        if not spec["class_labels"]:
            del spec["class_labels"]
    return document


def read_signature(document: object) -> Signature:
    """Read a signature from a contract file; a worker that broke the contract is a ConversionError."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Signature).validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConversionError(f"the converter's signature is not valid at {where}: {first['msg']}") from error
