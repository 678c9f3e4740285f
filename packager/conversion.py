"""The converters' front: asks workers to read or convert a model and turns their words into values."""

import hashlib
import io
import re
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from packager import environments, recipes, tools
from packager.environments import Environment
from packager.errors import SourceError
from packager.manifest import read_signature
from packager.model import Format, ModelFile, Signature, SourceModel
from packager.recipes import Contents, Recipe
from packager.results import Accuracy, ConversionRecord, RowSource, Warned
from packager.worker import AnotherEnvironment, Limits, WorkerRequest, run

_STRAIGHT_TO_TFLITE = frozenset({"torch", "keras", "tensorflow", "tflite"})
"""Frameworks whose converters write TFLite themselves; all others go by way of ONNX."""
_BY_TABLES = "onnx_tflite"
_TFLITE_MAGIC = b"TFL3"


@dataclass(frozen=True, slots=True)
class Way:
    """How workers are run: within which limits, in which environment, and whether anything may be fetched."""

    limits: Limits = field(default_factory=Limits)
    environment: Literal["matched", "current"] = "matched"
    offline: bool = False
    say: tools.Progress = tools.silent


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted model with the source model's own answers to hold it to."""

    source: SourceModel
    model: ModelFile
    record: ConversionRecord
    reference: Path
    rows: int
    source_of_rows: RowSource
    accuracy: Accuracy | None
    notes: tuple[str, ...]


def inspect(request: WorkerRequest, job: Path, way: Way) -> tuple[SourceModel, tuple[str, ...]]:
    """Read what stands in the model file, without converting it; also the reader's notes."""
    contents = _describe(request, job, way)
    result, _ = _in_its_environment(request, contents, job, way)
    return _source(request.source, result), tuple(result.get("notes", ()))


def convert(request: WorkerRequest, job: Path, way: Way) -> Conversion:
    """Convert the model and collect its own answers. Files lie in ``job`` until the caller removes it."""
    contents = _describe(request, job, way)
    straight = request.format == "onnx" or contents.framework in _STRAIGHT_TO_TFLITE
    first = request if straight else replace(request, format="onnx")
    result, folder = _in_its_environment(first, contents, job, way)
    made = _conversion(request.source, result, folder)
    return made if straight else _translated(made, request, folder, job, way)


def _describe(request: WorkerRequest, job: Path, way: Way) -> Contents:
    """What the file says of itself, read in a worker of the current environment: it opens nothing."""
    _check_exists(request.source)
    said = run(
        replace(request, action="describe"), _folder(job, "describe"), environments.current(), way.limits
    )
    contents = said["contents"]
    return Contents(
        contents["framework"], contents["form"], dict(contents["versions"]), tuple(contents["modules"])
    )


def _in_its_environment(
    request: WorkerRequest, contents: Contents, job: Path, way: Way
) -> tuple[dict[str, Any], Path]:
    recipe = recipes.choose(contents, request.format, as_it_is=way.environment == "current")
    return _tried(request, recipe, job, way)


def _tried(request: WorkerRequest, recipe: Recipe, job: Path, way: Way) -> tuple[dict[str, Any], Path]:
    """The result and its folder; a worker may name one other environment that can do what it cannot."""
    folder = _folder(job, f"{request.action}-{recipe.name}")
    try:
        return run(replace(request, environment=recipe.name), folder, _found(recipe, way), way.limits), folder
    except AnotherEnvironment as wanted:
        if wanted.name == recipe.name:
            raise wanted.error from None
        other = recipes.recipe(wanted.name)
    way.say(f"trying the environment {other.name}")
    folder = _folder(job, f"{request.action}-{other.name}")
    try:
        return run(replace(request, environment=other.name), folder, _found(other, way), way.limits), folder
    except AnotherEnvironment as wanted:
        raise wanted.error from None


def _found(recipe: Recipe, way: Way) -> Environment:
    return environments.find(recipe, way.say, way.offline)


def _folder(job: Path, name: str) -> Path:
    folder = job / name
    folder.mkdir(parents=True)
    return folder


def _translated(made: Conversion, request: WorkerRequest, converted: Path, job: Path, way: Way) -> Conversion:
    """The converted model in another format, held to the same answers of the source."""
    asked = replace(request, action="translate", source=made.model.path, converted=converted)
    result, folder = _tried(asked, recipes.recipe(_BY_TABLES), job, way)
    signature = read_signature(result["signature"])
    second = _record(result, made.source)
    return replace(
        made,
        source=replace(made.source, signature=signature),
        model=_model_file(folder / result["model"]["path"], result["model"], signature),
        record=replace(
            second,
            converter=f"{made.record.converter}, {second.converter}",
            warnings=made.record.warnings + second.warnings,
            packages={**made.record.packages, **second.packages},
        ),
        reference=folder / result["reference"]["path"],
        notes=made.notes + tuple(result.get("notes", ())),
    )


def _conversion(path: Path, result: dict[str, Any], folder: Path) -> Conversion:
    source = _source(path, result)
    reference = result["reference"]
    return Conversion(
        source=source,
        model=_model_file(folder / result["model"]["path"], result["model"], source.signature),
        record=_record(result, source),
        reference=folder / reference["path"],
        rows=reference["rows"],
        source_of_rows=reference["source_of_rows"],
        accuracy=Accuracy(**result["accuracy"]) if result.get("accuracy") else None,
        notes=tuple(result.get("notes", ())),
    )


def _record(result: dict[str, Any], source: SourceModel) -> ConversionRecord:
    said, model = result["record"], result["model"]
    return ConversionRecord(
        converter=model["converter"],
        format=model["format"],
        opset=model.get("opset"),
        python=said["python"],
        packages=dict(said["packages"]),
        warnings=tuple(Warned(**one) for one in said["warnings"]),
        source_sha256=source.sha256,
    )


def default_format(path: Path) -> Format:
    """What a model is converted to when nobody says: TFLite stays what it is, all else becomes ONNX."""
    with path.open("rb") if path.is_file() else nullcontext(io.BytesIO()) as file:
        return "tflite" if file.read(8)[4:] == _TFLITE_MAGIC else "onnx"


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of one file, or of a folder: of its files' names and digests in order."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        lines = [f"{sha256_of(file)}  {file.relative_to(path).as_posix()}\n" for file in files]
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _check_exists(path: Path) -> None:
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(path)):
        raise SourceError(f"{path} is an address, not a file on this machine", "download the model first")
    if not path.exists():
        raise SourceError(f"there is no model at {path}", "check the path")
    if path.is_file() and path.stat().st_size == 0:
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
        size_bytes=size_of(path),
        signature=read_signature(result["signature"]),
        loads=tuple(said.get("loads", ())),
    )


def _model_file(path: Path, said: dict[str, Any], signature: Signature) -> ModelFile:
    return ModelFile(
        path=path,
        format=said["format"],
        signature=signature,
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        opset=said.get("opset"),
    )
