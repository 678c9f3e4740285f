"""Converted models as the targets see them: a signature, a file, golden rows."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from packager.layout import IncludedFile, Layout, Parts
from packager.model import Feature, ModelFile, Signature, TensorSpec
from packager.targets.aws_lambda.target import AwsLambda

IRIS = Signature(
    inputs=(TensorSpec("X", "float32", ("batch", 4)),),
    outputs=(TensorSpec("label", "int64", ("batch",), "label"),),
    features=tuple(
        Feature(name, "number", "X", column)
        for column, name in enumerate(("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "width"))
    ),
)
MIXED = Signature(
    inputs=(
        TensorSpec("city", "string", ("batch", 1)),
        TensorSpec("age", "float32", ("batch", 1)),
        TensorSpec("rooms", "int64", ("batch", 1)),
        TensorSpec("new", "bool", ("batch", 1)),
    ),
    outputs=(TensorSpec("price", "float32", ("batch", 1), "prediction"),),
    features=(
        Feature("city", "text", "city", 0),
        Feature("age", "number", "age", 0, nullable=True),
        Feature("rooms", "integer", "rooms", 0),
        Feature("new", "boolean", "new", 0),
    ),
)
IMAGE = Signature(
    inputs=(TensorSpec("image", "float32", ("batch", 3, 64, 64)),),
    outputs=(TensorSpec("scores", "float32", ("batch", 10), "prediction"),),
)
PAIR = Signature(
    inputs=(TensorSpec("left", "float32", ("batch", 2)), TensorSpec("right", "float64", ("batch",))),
    outputs=(TensorSpec("sum", "float32", ("batch",), "prediction"),),
)
FIXED = Signature(
    inputs=(TensorSpec("state", "float32", (2, 1, 3)),), outputs=(TensorSpec("next", "float32", (2, 1, 3)),)
)


def tensor(values: Any, dtype: str) -> dict[str, Any]:
    """A tensor of the contract."""
    if dtype == "string":
        array = np.array(values, dtype=object)
        return {"dtype": dtype, "shape": list(array.shape), "data": array.ravel().tolist()}
    array = np.array(values, dtype=dtype)
    return {"dtype": dtype, "shape": list(array.shape), "b64": base64.b64encode(array.tobytes()).decode()}


def golden(*cases: dict[str, Any]) -> bytes:
    """A cases file with these inputs."""
    document = {"schema_version": 1, "cases": [{"inputs": inputs, "outputs": {}} for inputs in cases]}
    return json.dumps(document).encode()


IRIS_ROWS = golden(
    {"X": tensor([[5.1, 3.5, 1.4, 0.2]], "float32")},
    {"X": tensor([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]], "float32")},
)


def layout(
    target: AwsLambda,
    folder: Path,
    signature: Signature = IRIS,
    cases: bytes = IRIS_ROWS,
    name: str = "iris",
    size_bytes: int = 4,
) -> Layout:
    """The layout of a model of four bytes, with one file of each kind beside it."""
    path = folder / "model.onnx"
    path.write_bytes(b"onnx")
    library = folder / "libonnxruntime.so"
    library.write_bytes(b"library")
    model = ModelFile(path, "onnx", signature, "0" * 64, size_bytes, 18)
    runtime = (IncludedFile("runtimes/__init__.pyc", b"ours"),)
    packages = (IncludedFile("fastapi/__init__.pyc", b"theirs"),)
    licences = (IncludedFile("lib/onnxruntime-LICENSE", b"MIT"),)
    return target.layout(
        Parts(name, model, b"{}\n", cases, runtime, packages, library, "lib/libonnxruntime.so.1", licences)
    )
