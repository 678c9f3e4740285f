"""Asks workers to read or convert a model, each in the environment that suits it."""

import io
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from packager import environments, mlflow_folder, recipes, source_files
from packager.conversion.answers import Asked, Done, conversion, model_file, read_source, translation
from packager.conversion.values import Conversion, Way
from packager.model import Format, SourceModel
from packager.recipes import Contents, Recipe
from packager.worker import AnotherEnvironment, WorkerRequest, run

_STRAIGHT_TO_TFLITE = frozenset({"torch", "keras", "tensorflow", "tflite"})
"""Frameworks whose converters write TFLite themselves; all others go by way of ONNX."""
_BY_TABLES = "onnx_tflite"
_TFLITE_MAGIC = b"TFL3"
_OF_THE_EXAMPLE = "the rows are the input example that MLflow saved with the model; give more with --samples"


def inspect(request: WorkerRequest, job: Path, way: Way) -> tuple[SourceModel, tuple[str, ...]]:
    """Read what stands in the model file, without converting it; also the reader's notes."""
    asked = _opened(request, job)
    contents = _describe(asked, job, way)
    result = _in_its_environment(asked.request, contents, job, way).result
    return read_source(asked, result), tuple(result.get("notes", ()))


def convert(request: WorkerRequest, job: Path, way: Way) -> Conversion:
    """Convert the model and collect its own answers. Files lie in ``job`` until the caller removes it."""
    asked = _opened(request, job)
    contents = _describe(asked, job, way)
    straight = request.format == "onnx" or contents.framework in _STRAIGHT_TO_TFLITE
    first = asked.request if straight else replace(asked.request, format="onnx")
    done = _in_its_environment(first, contents, job, way)
    made = conversion(asked, done)
    return made if straight else _translated(made, asked, done.folder, job, way)


def for_tiny(made: Conversion, job: Path, way: Way) -> Conversion:
    """The ONNX model as the engine tiny takes it; ConversionError names what that lacks."""
    request = WorkerRequest(
        action="translate", source=made.model.path, converted=made.model.path.parent, format="tiny"
    )
    folder = _folder(job, "tiny")
    said = run(request, folder, made.environment, way.limits)["model"]
    model = model_file(folder / said["path"], said, made.model.signature)
    return replace(made, model=replace(model, modules=tuple(said["modules"])))


def _opened(request: WorkerRequest, job: Path) -> Asked:
    """Of an MLflow folder the model in it, with its example for samples where the user gives none."""
    source_files.check(request.source)
    if not mlflow_folder.is_mlflow(request.source):
        return Asked(request, request.source)
    mlflow = mlflow_folder.read(request.source)
    example = None if request.samples else mlflow_folder.write_rows(mlflow, _folder(job, "mlflow"))
    inner = replace(
        request, source=mlflow.model, samples=request.samples or example, columns=mlflow.column_names
    )
    return Asked(inner, request.source, mlflow, (_OF_THE_EXAMPLE,) if example else ())


def _describe(asked: Asked, job: Path, way: Way) -> Contents:
    """What the file says of itself, read in a worker of the current environment: it opens nothing."""
    request = replace(asked.request, action="describe")
    said = run(request, _folder(job, "describe"), environments.current(), way.limits)["contents"]
    written_by = dict(asked.mlflow.versions) if asked.mlflow else {}
    return Contents(
        said["framework"], said["form"], {**written_by, **said["versions"]}, tuple(said["modules"])
    )


def _in_its_environment(request: WorkerRequest, contents: Contents, job: Path, way: Way) -> Done:
    recipe = recipes.choose(contents, request.format, as_it_is=way.environment == "current")
    return _tried(request, recipe, job, way)


def _tried(request: WorkerRequest, recipe: Recipe, job: Path, way: Way) -> Done:
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


def _done(request: WorkerRequest, recipe: Recipe, job: Path, way: Way) -> Done:
    environment = environments.find(recipe, way.say, way.offline)
    folder = _folder(job, f"{request.action}-{recipe.name}")
    result = run(replace(request, environment=recipe.name), folder, environment, way.limits)
    return Done(result, folder, environment)


def _folder(job: Path, name: str) -> Path:
    folder = job / name
    folder.mkdir(parents=True)
    return folder


def _translated(made: Conversion, asked: Asked, converted: Path, job: Path, way: Way) -> Conversion:
    """The converted model in another format, held to the same answers of the source."""
    request = replace(asked.request, action="translate", source=made.model.path, converted=converted)
    return translation(made, asked, _tried(request, recipes.recipe(_BY_TABLES), job, way))


def default_format(path: Path) -> Format:
    """What a model is converted to when nobody says: TFLite stays what it is, all else becomes ONNX."""
    with path.open("rb") if path.is_file() else nullcontext(io.BytesIO()) as file:
        return "tflite" if file.read(8)[4:] == _TFLITE_MAGIC else "onnx"
