"""Bundles that several tests use: made once for a module, never changed by a test."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.edge.bundles import make_bundle
from tests.runtimes.core import models

FEATURES = ("sepal length", "sepal width", "petal length", "petal width")
ROWS = np.array(
    [[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3], [7.7, 3.0, 6.1, 2.3], [5.8, 2.7, 5.1, 1.9]], np.float32
)


def iris_model() -> models.Model:
    """Four numbers in; the index of the class and its probabilities out."""
    node = helper.make_node(
        "LinearClassifier", ["X"], ["label", "probabilities"], domain="ai.onnx.ml",
        classlabels_ints=[0, 1, 2],
        coefficients=[0.4, 1.5, -2.3, -1.0, 0.4, -1.6, 0.6, -1.4, -1.7, -1.5, 2.4, 2.5],
        intercepts=[0.3, 1.1, -1.2], multi_class=1, post_transform="SOFTMAX",
    )  # fmt: skip
    inputs: list[models.Spec] = [("X", "float32", ["batch", 4])]
    outputs: list[models.Spec] = [("label", "int64", ["batch"]), ("probabilities", "float32", ["batch", 3])]

    def info(spec: models.Spec) -> Any:
        return helper.make_tensor_value_info(spec[0], models.ONNX_TYPES[spec[1]], spec[2])

    graph = helper.make_graph([node], "iris", list(map(info, inputs)), list(map(info, outputs)))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    assert made.graph.output[0].type.tensor_type.elem_type == TensorProto.INT64
    entries = {
        "class_labels": ["setosa", "versicolor", "virginica"],
        "label_is_index": True,
        "features": models.columns(list(FEATURES)),
    }
    return made.SerializeToString(), models.signature(inputs, outputs, ("label", "probabilities"), **entries)


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a linear classifier on the engine tiny."""
    cases = [{"X": ROWS[:1]}, {"X": ROWS}]
    return make_bundle(tmp_path_factory.mktemp("iris") / "bundle", *iris_model(), cases, name="iris")


@pytest.fixture(scope="session")
def iris_onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same on ONNX Runtime."""
    cases = [{"X": ROWS[:1]}, {"X": ROWS}]
    place = tmp_path_factory.mktemp("iris_onnx") / "bundle"
    return make_bundle(place, *iris_model(), cases, engine="onnxruntime_c", name="iris")


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline over a text, a number that may be missing, and a whole number; on the engine tiny."""
    inputs = {
        "city": np.array([["Bern"], ["Köln"], ["東京"]], object),
        "age": np.array([[40.0], [np.nan], [31.5]], np.float32),
        "rooms": np.array([[1], [4], [5]], np.int64),
    }
    cases = [{name: array[:1] for name, array in inputs.items()}, inputs]
    return make_bundle(tmp_path_factory.mktemp("mixed") / "bundle", *models.mixed(), cases, name="rent")


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a bundle, to be spoilt."""

    def copy(bundle: Path) -> Path:
        return Path(shutil.copytree(bundle, tmp_path / "copy"))

    return copy
