"""The input example of an MLflow model as a samples file that a worker reads."""

import json
from pathlib import Path
from typing import Any

from packager.errors import SourceError
from packager.mlflow_folder.reading import MlflowModel

_LARGEST_BYTES = 64 << 20
_READ = ("dataframe", "ndarray")


def write_rows(mlflow: MlflowModel, folder: Path) -> Path | None:
    """`input_example.jsonl` in ``folder``; None where there is no example, or one of a kind without rows."""
    if mlflow.example is None or mlflow.example_kind not in _READ:
        return None
    dest = folder / "input_example.jsonl"
    lines = _lines(_document(mlflow.example), mlflow)
    dest.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return dest


def _document(path: Path) -> Any:
    if path.stat().st_size > _LARGEST_BYTES:
        raise SourceError(f"{path} is larger than {_LARGEST_BYTES >> 20} MB", "give rows with --samples")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is damaged: {error}", "give rows with --samples") from error


def _lines(said: Any, mlflow: MlflowModel) -> list[Any]:
    if mlflow.example_kind == "dataframe":
        if isinstance(said, dict) and isinstance(said.get("data"), list) and "columns" in said:
            names = said["columns"]
            return [dict(zip(names, row, strict=False)) for row in said["data"]]
        if isinstance(said, list):  # pandas_orient "records"
            return said
    if isinstance(said, dict) and list(said) == ["inputs"]:  # as MLflow 1 and 2 wrote arrays
        said = said["inputs"]
    if isinstance(said, dict):
        return [{"inputs": said}]
    if isinstance(said, list):
        return said
    raise SourceError(f"{mlflow.example} holds no rows", "give rows with --samples")
