"""The converters' front: asks a worker to read or convert a model and turns its words into values."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.errors import SourceError
from packager.manifest import read_signature
from packager.model import ModelFile, SourceModel
from packager.results import Accuracy, RowSource
from packager.worker import WorkerRequest, run


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted model with the source model's own answers to hold it to."""

    source: SourceModel
    model: ModelFile
    converter: str
    reference: Path
    rows: int
    source_of_rows: RowSource
    accuracy: Accuracy | None
    notes: tuple[str, ...]


def inspect(request: WorkerRequest, job: Path, timeout_s: float) -> tuple[SourceModel, tuple[str, ...]]:
    """Read what stands in the model file, without converting it; also the reader's notes."""
    _check_exists(request.source)
    result = run(request, job, timeout_s)
    return _source(request.source, result), tuple(result.get("notes", ()))


def convert(request: WorkerRequest, job: Path, timeout_s: float) -> Conversion:
    """Convert the model and collect its own answers. Files lie in ``job`` until the caller removes it."""
    _check_exists(request.source)
    result = run(request, job, timeout_s)
    source = _source(request.source, result)
    reference = result["reference"]
    return Conversion(
        source=source,
        model=_model_file(job / result["model"]["path"], result["model"], source),
        converter=result["model"]["converter"],
        reference=job / reference["path"],
        rows=reference["rows"],
        source_of_rows=reference["source_of_rows"],
        accuracy=Accuracy(**result["accuracy"]) if result.get("accuracy") else None,
        notes=tuple(result.get("notes", ())),
    )


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of one file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_exists(path: Path) -> None:
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(path)):
        raise SourceError(f"{path} is an address, not a file on this machine", "download the model first")
    if path.is_dir():
        raise SourceError(f"{path} is a folder, not a model file", "name the model file inside it")
    if not path.exists():
        raise SourceError(f"there is no model at {path}", "check the path")
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes)", "save the model again")


def _source(path: Path, result: dict[str, Any]) -> SourceModel:
    said = result["source"]
    return SourceModel(
        path=path,
        framework=said["framework"],
        framework_version=said["framework_version"],
        written_by=said.get("written_by"),
        description=said["description"],
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        signature=read_signature(result["signature"]),
        loads=tuple(said.get("loads", ())),
    )


def _model_file(path: Path, said: dict[str, Any], source: SourceModel) -> ModelFile:
    return ModelFile(
        path=path,
        format=said["format"],
        signature=source.signature,
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        opset=said.get("opset"),
    )
