"""What the front asks of a worker: request.json as a frozen value."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from packager.converters.failure import ConversionError

SCHEMA_VERSION = 1
Action = Literal["describe", "inspect", "convert", "translate", "optimize", "sensitivity"]
Format = Literal["onnx", "tflite", "tiny"]


@dataclass(frozen=True, slots=True)
class Request:
    """One job. The runtime's limits (opsets, IR version) come with it: workers know no targets.

    ``converted``: for the action "translate", the folder of the job that wrote ``source``.
    ``columns``: names, in order, for the columns of a model that has none of its own.
    ``environment``: the recipe that the worker was started for, where one interpreter fits several.
    ``passes``: what is done to the model, in order, each with its ``kind`` and its options.
    ``calibration``: a cases file with the rows that passes calibrate on.
    ``evaluation_rows``, ``calibration_rows``: of the samples, so many are written for either; 0: none.
    """

    action: Action
    source: Path
    name: str
    samples: Path | None
    labels: str | None
    allow: frozenset[str]
    torch_model: str | None
    import_paths: tuple[str, ...]
    max_opset: int
    max_ml_opset: int
    max_ir_version: int
    rows: int
    seed: int
    format: Format = "onnx"
    converted: Path | None = None
    environment: str = "current"
    columns: tuple[str, ...] = ()
    passes: tuple[dict[str, Any], ...] = ()
    calibration: Path | None = None
    evaluation_rows: int = 0
    calibration_rows: int = 0


def read_request(path: Path) -> Request:
    document = json.loads(path.read_text(encoding="utf-8"))
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ConversionError(f"The request has schema version {version}; this worker knows {SCHEMA_VERSION}")
    known = get_args(Action)
    if document["action"] not in known:
        raise ConversionError(f"The request asks for {document['action']!r}; a worker can {', '.join(known)}")
    return _request(document)


def _request(document: dict[str, Any]) -> Request:
    samples = document.get("samples")
    return Request(
        action=document["action"],
        source=Path(document["source"]),
        name=document.get("name", "model"),
        samples=Path(samples) if samples else None,
        labels=document.get("labels"),
        allow=frozenset(document.get("allow", ())),
        torch_model=document.get("torch_model"),
        import_paths=tuple(document.get("import_paths", ())),
        max_opset=int(document["max_opset"]),
        max_ml_opset=int(document["max_ml_opset"]),
        max_ir_version=int(document["max_ir_version"]),
        rows=int(document.get("rows", 256)),
        seed=int(document.get("seed", 0)),
        format=document.get("format", "onnx"),
        converted=Path(document["converted"]) if document.get("converted") else None,
        environment=document.get("environment", "current"),
        columns=tuple(document.get("columns", ())),
        passes=tuple(document.get("passes", ())),
        calibration=Path(document["calibration"]) if document.get("calibration") else None,
        evaluation_rows=int(document.get("evaluation_rows", 0)),
        calibration_rows=int(document.get("calibration_rows", 0)),
    )
