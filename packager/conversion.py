"""The converters' front: asks workers to read or convert a model and turns their words into values."""

import io
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from packager import environments, mlflow_folder, recipes, source_files, tools
from packager.environments import Environment
from packager.manifest import read_signature
from packager.mlflow_folder import MlflowModel
from packager.model import Format, ModelFile, Signature, SourceModel
from packager.optimized import PassRecord, QuantizedTensor
from packager.recipes import Contents, Recipe
from packager.results import Accuracy, ConversionRecord, RowSource, Warned
from packager.worker import AnotherEnvironment, Limits, WorkerRequest, run

_STRAIGHT_TO_TFLITE = frozenset({"torch", "keras", "tensorflow", "tflite"})
"""Frameworks whose converters write TFLite themselves; all others go by way of ONNX."""
_BY_TABLES = "onnx_tflite"
_TFLITE_MAGIC = b"TFL3"
_OF_THE_EXAMPLE = "the rows are the input example that MLflow saved with the model; give more with --samples"


@dataclass(frozen=True, slots=True)
class Way:
    """How workers are run: within which limits, in which environment, and whether anything may be fetched."""

    limits: Limits = field(default_factory=Limits)
    environment: Literal["matched", "current"] = "matched"
    offline: bool = False
    say: tools.Progress = tools.silent


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Rows to judge a changed model by, with the source model's answers (a cases file), and others to change
    it by.

    ``labelled``: the file holds the truth of each row. ``calibration`` is None where there are too few rows.
    """

    path: Path
    rows: int
    labelled: bool
    source_of_rows: RowSource
    calibration: Path | None
    calibration_rows: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted model with the source model's own answers to hold it to, and where it was made.

    ``evaluation``: only where it was asked for (``evaluation_rows`` of the request).
    ``applied``: passes over the source before it was converted; all answers are of the source as it was.
    ``codes``: what the model takes and answers as codes, where the cases hold floats.
    """

    source: SourceModel
    model: ModelFile
    record: ConversionRecord
    reference: Path
    rows: int
    source_of_rows: RowSource
    accuracy: Accuracy | None
    environment: Environment
    notes: tuple[str, ...]
    evaluation: Evaluation | None = None
    applied: tuple[PassRecord, ...] = ()
    codes: tuple[QuantizedTensor, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """The request as a worker gets it; ``path`` is what the user named: the file, or an MLflow folder."""

    request: WorkerRequest
    path: Path
    mlflow: MlflowModel | None = None
    notes: tuple[str, ...] = ()

    def signature(self, document: dict[str, Any]) -> Signature:
        """As the converter found it, and as MLflow saved it."""
        signature = read_signature(document)
        return mlflow_folder.agreed(signature, self.mlflow.inputs) if self.mlflow else signature


@dataclass(frozen=True, slots=True)
class _Done:
    """What a worker said, the folder with its files, and the environment that it ran in."""

    result: dict[str, Any]
    folder: Path
    environment: Environment


def inspect(request: WorkerRequest, job: Path, way: Way) -> tuple[SourceModel, tuple[str, ...]]:
    """Read what stands in the model file, without converting it; also the reader's notes."""
    asked = _opened(request, job)
    contents = _describe(asked, job, way)
    result = _in_its_environment(asked.request, contents, job, way).result
    return _source(asked, result), tuple(result.get("notes", ()))


def convert(request: WorkerRequest, job: Path, way: Way) -> Conversion:
    """Convert the model and collect its own answers. Files lie in ``job`` until the caller removes it."""
    asked = _opened(request, job)
    contents = _describe(asked, job, way)
    straight = request.format == "onnx" or contents.framework in _STRAIGHT_TO_TFLITE
    first = asked.request if straight else replace(asked.request, format="onnx")
    done = _in_its_environment(first, contents, job, way)
    made = _conversion(asked, done)
    return made if straight else _translated(made, asked, done.folder, job, way)


def for_tiny(made: Conversion, job: Path, way: Way) -> Conversion:
    """The ONNX model as the engine tiny takes it; ConversionError names what that lacks."""
    request = WorkerRequest(
        action="translate", source=made.model.path, converted=made.model.path.parent, format="tiny"
    )
    folder = _folder(job, "tiny")
    said = run(request, folder, made.environment, way.limits)["model"]
    model = _model_file(folder / said["path"], said, made.model.signature)
    return replace(made, model=replace(model, modules=tuple(said["modules"])))


def _opened(request: WorkerRequest, job: Path) -> _Asked:
    """Of an MLflow folder the model in it, with its example for samples where the user gives none."""
    source_files.check(request.source)
    if not mlflow_folder.is_mlflow(request.source):
        return _Asked(request, request.source)
    mlflow = mlflow_folder.read(request.source)
    example = None if request.samples else mlflow_folder.write_rows(mlflow, _folder(job, "mlflow"))
    inner = replace(
        request, source=mlflow.model, samples=request.samples or example, columns=mlflow.column_names
    )
    return _Asked(inner, request.source, mlflow, (_OF_THE_EXAMPLE,) if example else ())


def _describe(asked: _Asked, job: Path, way: Way) -> Contents:
    """What the file says of itself, read in a worker of the current environment: it opens nothing."""
    request = replace(asked.request, action="describe")
    said = run(request, _folder(job, "describe"), environments.current(), way.limits)["contents"]
    written_by = dict(asked.mlflow.versions) if asked.mlflow else {}
    return Contents(
        said["framework"], said["form"], {**written_by, **said["versions"]}, tuple(said["modules"])
    )


def _in_its_environment(request: WorkerRequest, contents: Contents, job: Path, way: Way) -> _Done:
    recipe = recipes.choose(contents, request.format, as_it_is=way.environment == "current")
    return _tried(request, recipe, job, way)


def _tried(request: WorkerRequest, recipe: Recipe, job: Path, way: Way) -> _Done:
    """A worker may name one other environment that can do what it cannot."""
    try:
        return _done(request, recipe, job, way)
    except AnotherEnvironment as wanted:
        if wanted.name == recipe.name:
            raise wanted.error from None
        other = recipes.recipe(wanted.name)
    way.say(f"trying the environment {other.name}")
    try:
        return _done(request, other, job, way)
    except AnotherEnvironment as wanted:
        raise wanted.error from None


def _done(request: WorkerRequest, recipe: Recipe, job: Path, way: Way) -> _Done:
    environment = environments.find(recipe, way.say, way.offline)
    folder = _folder(job, f"{request.action}-{recipe.name}")
    result = run(replace(request, environment=recipe.name), folder, environment, way.limits)
    return _Done(result, folder, environment)


def _folder(job: Path, name: str) -> Path:
    folder = job / name
    folder.mkdir(parents=True)
    return folder


def _translated(made: Conversion, asked: _Asked, converted: Path, job: Path, way: Way) -> Conversion:
    """The converted model in another format, held to the same answers of the source."""
    request = replace(asked.request, action="translate", source=made.model.path, converted=converted)
    done = _tried(request, recipes.recipe(_BY_TABLES), job, way)
    said = done.result
    signature = asked.signature(said["signature"])
    second = _record(done, made.source)
    return replace(
        made,
        source=replace(made.source, signature=signature),
        model=_model_file(done.folder / said["model"]["path"], said["model"], signature),
        record=replace(
            second,
            converter=f"{made.record.converter}, {second.converter}",
            environment=", ".join(dict.fromkeys((made.record.environment, second.environment))),
            warnings=made.record.warnings + second.warnings,
            packages={**made.record.packages, **second.packages},
        ),
        reference=done.folder / said["reference"]["path"],
        notes=made.notes + tuple(said.get("notes", ())),
        evaluation=_evaluation(done),
    )


def _conversion(asked: _Asked, done: _Done) -> Conversion:
    said = done.result
    source = _source(asked, said)
    return Conversion(
        source=source,
        model=_model_file(done.folder / said["model"]["path"], said["model"], source.signature),
        record=_record(done, source),
        reference=done.folder / said["reference"]["path"],
        rows=said["reference"]["rows"],
        source_of_rows=said["reference"]["source_of_rows"],
        accuracy=Accuracy(**said["accuracy"]) if said.get("accuracy") else None,
        environment=done.environment,
        notes=(*asked.notes, *said.get("notes", ())),
        evaluation=_evaluation(done),
        applied=_applied(asked.request, said),
    )


def _applied(request: WorkerRequest, said: dict[str, Any]) -> tuple[PassRecord, ...]:
    return tuple(
        PassRecord(
            row["kind"],
            {name: value for name, value in asked.items() if name != "kind"},
            row["detail"],
            tuple(row["layers"]),
            tuple(row["left"]),
        )
        for asked, row in zip(request.passes, said["applied"], strict=True)
    )


def _evaluation(done: _Done) -> Evaluation | None:
    said = done.result.get("evaluation")
    if said is None:
        return None
    calibration = said["calibration_path"]
    return Evaluation(
        path=done.folder / said["path"],
        rows=said["rows"],
        labelled=said["labels"],
        source_of_rows=done.result["reference"]["source_of_rows"],
        calibration=done.folder / calibration if calibration else None,
        calibration_rows=said["calibration_rows"],
        notes=tuple(said["notes"]),
    )


def _record(done: _Done, source: SourceModel) -> ConversionRecord:
    said, model = done.result["record"], done.result["model"]
    return ConversionRecord(
        source_sha256=source.sha256,
        framework=f"{source.framework} {source.framework_version}",
        written_by=source.written_by,
        converter=model["converter"],
        format=model["format"],
        opset=model.get("opset"),
        environment=done.environment.name,
        python=said["python"],
        packages=dict(said["packages"]),
        warnings=tuple(Warned(**one) for one in said["warnings"]),
    )


def default_format(path: Path) -> Format:
    """What a model is converted to when nobody says: TFLite stays what it is, all else becomes ONNX."""
    with path.open("rb") if path.is_file() else nullcontext(io.BytesIO()) as file:
        return "tflite" if file.read(8)[4:] == _TFLITE_MAGIC else "onnx"


def _source(asked: _Asked, result: dict[str, Any]) -> SourceModel:
    said = result["source"]
    return SourceModel(
        path=asked.path,
        framework=said["framework"],
        framework_version=said["framework_version"],
        written_by=said.get("written_by"),
        description=said["description"],
        sha256=source_files.digest_of(asked.path),
        size_bytes=source_files.size_of(asked.path),
        signature=asked.signature(result["signature"]),
        loads=tuple(said.get("loads", ())),
        files=tuple((name, digest) for name, digest in said.get("files", ())),
    )


def _model_file(path: Path, said: dict[str, Any], signature: Signature) -> ModelFile:
    return ModelFile(
        path=path,
        format=said["format"],
        signature=signature,
        sha256=source_files.sha256_of(path),
        size_bytes=path.stat().st_size,
        opset=said.get("opset"),
    )
