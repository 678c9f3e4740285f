"""MLflow folders as MLflow writes them, with the parts that a test is about replaced."""

import json
from pathlib import Path
from typing import Any

import yaml

FLAVOURS = {
    "python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"},
    "sklearn": {"pickled_model": "model.pkl", "sklearn_version": "1.7.2", "code": None},
}


def make(folder: Path, **changes: Any) -> Path:
    """A folder of the flavour sklearn; ``changes`` replace entries of its MLmodel."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.pkl").write_bytes(b"\x80\x04N.")
    document = {"flavors": FLAVOURS, "mlflow_version": "3.17.0", **changes}
    (folder / "MLmodel").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


def make_with_flavour(folder: Path, name: str, said: dict[str, Any]) -> Path:
    """A folder of another flavour, without its model."""
    return make(folder, flavors={"python_function": {}, name: said})


def signature(*inputs: dict[str, Any]) -> dict[str, Any]:
    """As it stands in MLmodel: the inputs are JSON within the YAML."""
    return {"inputs": json.dumps(inputs), "outputs": None, "params": None}
