"""Jobs for the worker in this process, and their answers compared with ONNX Runtime's."""

import base64
import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from packager.converters.job import run

LIMITS = {"max_opset": 18, "max_ml_opset": 3, "max_ir_version": 8}
_FORCED = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


@dataclass(frozen=True)
class Done:
    """A finished job."""

    folder: Path
    result: dict[str, Any]

    @property
    def error(self) -> dict[str, Any]:
        assert not self.result["ok"], self.result
        return self.result["error"]

    @property
    def signature(self) -> dict[str, Any]:
        return self.result["signature"]

    @property
    def cases(self) -> list[dict[str, Any]]:
        return json.loads((self.folder / "reference.json").read_text(encoding="utf-8"))["cases"]


def write_request(folder: Path, source: Path, **changes: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    request = {
        "schema_version": 1,
        "action": "convert",
        "source": str(source),
        "name": "model",
        "samples": None,
    }
    request |= {"labels": None, "allow": [], "torch_model": None, "import_paths": [], "rows": 64, "seed": 0}
    request |= LIMITS | changes
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")


def do(folder: Path, source: Path, **changes: Any) -> Done:
    """Runs a job; the worker's own settings of the process are put back."""
    write_request(folder, source, **changes)
    before = os.environ.pop(_FORCED, None)
    try:
        with warnings.catch_warnings():
            run(folder)
    finally:
        os.environ.pop(_FORCED, None)
        if before is not None:
            os.environ[_FORCED] = before
    return Done(folder, json.loads((folder / "result.json").read_text(encoding="utf-8")))


def array_of(tensor: dict[str, Any]) -> np.ndarray[Any, Any]:
    if tensor["dtype"] == "string":
        return np.array(tensor["data"], dtype=object).reshape(tensor["shape"])
    flat = np.frombuffer(base64.b64decode(tensor["b64"]), dtype=tensor["dtype"])
    return flat.reshape(tensor["shape"])


def assert_answers_alike(done: Done, tolerance: float = 1e-5, flips: int = 0) -> None:
    """The converted graph gives the source's own answers on every case of reference.json."""
    assert done.result["ok"], done.result
    session = onnxruntime.InferenceSession(
        str(done.folder / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    assert names == [output["name"] for output in done.signature["outputs"]]
    assert done.cases
    for case in done.cases:
        inputs = {name: array_of(tensor) for name, tensor in case["inputs"].items()}
        answers = dict(zip(names, session.run(None, inputs), strict=True))
        for name, tensor in case["outputs"].items():
            _assert_alike(name, array_of(tensor), np.asarray(answers[name]), tolerance, flips)


def _assert_alike(name: str, own: Any, made: Any, tolerance: float, flips: int) -> None:
    assert own.shape == made.shape, name
    if own.dtype.kind == "f":
        assert np.array_equal(np.isnan(own), np.isnan(made)), name
        scale = np.maximum(1.0, np.abs(np.nan_to_num(own)))
        assert np.all(np.nan_to_num(np.abs(own - made)) <= tolerance * scale), (
            name,
            np.nanmax(np.abs(own - made)),
        )
    else:
        assert int((own != made).sum()) <= flips, name
