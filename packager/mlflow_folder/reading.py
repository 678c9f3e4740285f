"""Reads `MLmodel`: which of its flavours is converted, and where in the folder that model lies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.errors import SourceError
from packager.mlflow_folder.schema import Column, columns

FILE_NAME = "MLmodel"
_LARGEST_BYTES = 1 << 20
_SAVE_AGAIN = "save it with a flavour of its own, such as mlflow.sklearn.save_model(model, path)"


@dataclass(frozen=True, slots=True)
class _Flavour:
    """Where MLflow writes a flavour's model (``key``, or ``default``), and the version that it notes."""

    key: str
    default: str
    version: str
    distribution: str


# In the order of choice: a model of several flavours is the same model.
_FLAVOURS = {
    "sklearn": _Flavour("pickled_model", "model.pkl", "sklearn_version", "scikit-learn"),
    "xgboost": _Flavour("data", "model.xgb", "xgb_version", "xgboost"),
    "lightgbm": _Flavour("data", "model.lgb", "lgb_version", "lightgbm"),
    "pytorch": _Flavour("model_data", "data", "pytorch_version", "torch"),
    "keras": _Flavour("data", "data", "keras_version", "keras"),
    "tensorflow": _Flavour("data", "data", "keras_version", "keras"),
    "onnx": _Flavour("data", "model.onnx", "onnx_version", "onnx"),
}
# What stands for the model where a flavour names a folder.
_INSIDE = ("model.pt2", "model.pth", "model.keras", "model.h5", "model")
_SKLEARN_LINE = re.compile(r"^scikit-learn==([\w.]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MlflowModel:
    """``model`` is the file (or SavedModel) to convert; ``versions`` what MLflow says that it was written by.

    ``inputs`` is empty where no signature was saved. ``files`` are all that is read of the folder.
    """

    folder: Path
    flavour: str
    model: Path
    versions: Mapping[str, str]
    inputs: tuple[Column, ...]
    example: Path | None
    example_kind: str | None
    files: tuple[Path, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Of a table's columns, if all have one."""
        names = [column.name for column in self.inputs if column.shape is None and column.name is not None]
        return tuple(names) if len(names) == len(self.inputs) else ()


def is_mlflow(path: Path) -> bool:
    """Whether MLflow saved this folder."""
    return (path / FILE_NAME).is_file()


def read(folder: Path) -> MlflowModel:
    """Raises SourceError with a sentence for each way in which the folder cannot be used."""
    document = _document(folder)
    flavours = _table(document, "flavors", folder)
    name = next((known for known in _FLAVOURS if known in flavours), None)
    if name is None:
        raise _no_flavour(folder, flavours)
    flavour, said = _FLAVOURS[name], _table(flavours, name, folder)
    if name == "tensorflow" and "saved_model_dir" in said:
        said = {"data": said["saved_model_dir"]}
    model = _model_in(_inside(folder, str(said.get(flavour.key) or flavour.default)))
    requirements = _inside(folder, "requirements.txt")
    info = document.get("saved_input_example_info")
    example = _example(folder, info)
    return MlflowModel(
        folder=folder,
        flavour=name,
        model=model,
        versions=_versions(flavour, said, requirements),
        inputs=columns(document.get("signature"), folder),
        example=example,
        example_kind=str(info.get("type")) if example and isinstance(info, dict) else None,
        files=_files(folder, model, requirements, example),
    )


def _document(folder: Path) -> dict[str, Any]:
    import yaml

    path = _inside(folder, FILE_NAME)
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise SourceError(f"{path} is larger than a megabyte: that is no {FILE_NAME} of MLflow")
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        words = " ".join(str(error).split())[:200]
        raise SourceError(f"{path} cannot be read: {words}", "save the model again") from error
    if not isinstance(document, dict):
        raise SourceError(f"{path} is not what MLflow writes: it holds no table", "save the model again")
    return document


def _table(document: Mapping[str, Any], key: str, folder: Path) -> dict[str, Any]:
    value = document.get(key)
    if not isinstance(value, dict):
        raise SourceError(f"{folder / FILE_NAME} has no table {key!r}", "save the model again")
    return value


def _no_flavour(folder: Path, flavours: Mapping[str, Any]) -> SourceError:
    others = ", ".join(str(name) for name in flavours if name != "python_function")
    if others:
        known = ", ".join(_FLAVOURS)
        return SourceError(f"{folder} holds an MLflow model of the flavour {others}, which is not supported",
                           f"supported are {known}")  # fmt: skip
    return SourceError(
        f"{folder} holds an MLflow model of python_function alone: its answers are made by Python code, "
        "which cannot be converted",
        _SAVE_AGAIN,
    )


def _inside(folder: Path, name: str) -> Path:
    """The path in the folder; refused where it leads out, by its words or by a link."""
    path, root = folder / name, folder.resolve()
    if Path(name).is_absolute() or ".." in Path(name).parts or not path.resolve().is_relative_to(root):
        raise SourceError(
            f"{folder / FILE_NAME} names {name[:80]!r}, which leads out of the folder", "save the model again"
        )
    return path


def _model_in(place: Path) -> Path:
    if place.is_file() or (place / "saved_model.pb").is_file():
        return place
    for name in _INSIDE:
        found = _inside(place, name) if place.is_dir() else place / name
        if found.is_file() or (found / "saved_model.pb").is_file():
            return found
    raise SourceError(f"there is no model at {place}, where MLmodel says that it is", "save the model again")


def _versions(flavour: _Flavour, said: Mapping[str, Any], requirements: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    if requirements.is_file() and requirements.stat().st_size <= _LARGEST_BYTES:
        line = _SKLEARN_LINE.search(requirements.read_text(encoding="utf-8", errors="replace"))
        if line:
            found["scikit-learn"] = line[1]
    if isinstance(said.get(flavour.version), str):
        found[flavour.distribution] = said[flavour.version]
    return found


def _example(folder: Path, info: object) -> Path | None:
    if not isinstance(info, dict) or not isinstance(info.get("artifact_path"), str):
        return None
    path = _inside(folder, info["artifact_path"])
    return path if path.is_file() else None


def _files(folder: Path, model: Path, requirements: Path, example: Path | None) -> tuple[Path, ...]:
    """All that is read. What a model keeps beside its file (weights of ONNX) its converter names."""
    own = model if model.is_dir() else None
    models = sorted(path for path in own.rglob("*") if path.is_file()) if own else [model]
    for path in models:
        _inside(folder, path.relative_to(folder).as_posix())
    besides = [path for path in (requirements, example) if path is not None and path.is_file()]
    return (folder / FILE_NAME, *besides, *models)
