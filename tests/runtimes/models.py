"""Tiny real models for the tests of the faces: a classifier, mixed columns, tensors."""

from pathlib import Path
from typing import Any

from onnx import ModelProto, TensorProto, helper

from tests.artifacts import make_root

FEATURES = ("sepal length", "sepal width", "petal length", "petal width")


def classifier_root(path: Path, **changes: object) -> Path:
    """Four numbers in; label and probabilities of three named classes out."""
    node = helper.make_node(
        "LinearClassifier",
        ["X"],
        ["label", "probabilities"],
        domain="ai.onnx.ml",
        classlabels_ints=[0, 1, 2],
        coefficients=[0.4, 1.5, -2.3, -1.0, 0.4, -1.6, 0.6, -1.4, -1.7, -1.5, 2.4, 2.5],
        intercepts=[0.3, 1.1, -1.2],
        multi_class=1,
        post_transform="SOFTMAX",
    )
    model = _model([node], [_value("X", 4)], [_label("label"), _value("probabilities", 3)])
    signature = {
        "inputs": [{"name": "X", "dtype": "float32", "shape": ["batch", 4]}],
        "outputs": [
            {"name": "label", "dtype": "int64", "shape": ["batch"], "role": "label"},
            {"name": "probabilities", "dtype": "float32", "shape": ["batch", 3], "role": "probabilities"},
        ],
        "class_labels": ["setosa", "versicolor", "virginica"],
        "label_is_index": True,
        "features": [
            {"name": name, "kind": "number", "input": "X", "column": column, "nullable": False}
            for column, name in enumerate(FEATURES)
        ],
    }
    document: dict[str, Any] = {"name": "iris", **changes}
    return make_root(path, model, signature, **document)


def mixed_root(path: Path) -> Path:
    """A city and an age (that may be missing) in; a price out."""
    nodes = [
        helper.make_node(
            "LabelEncoder",
            ["city"],
            ["base"],
            domain="ai.onnx.ml",
            keys_strings=["Köln", "Paris"],
            values_floats=[10.0, 20.0],
            default_float=1.0,
        ),
        helper.make_node("Add", ["base", "age"], ["price"]),
    ]
    city = helper.make_tensor_value_info("city", TensorProto.STRING, ["batch", 1])
    model = _model(nodes, [city, _value("age", 1)], [_value("price", 1)])
    signature = {
        "inputs": [
            {"name": "city", "dtype": "string", "shape": ["batch", 1]},
            {"name": "age", "dtype": "float32", "shape": ["batch", 1]},
        ],
        "outputs": [{"name": "price", "dtype": "float32", "shape": ["batch", 1], "role": "prediction"}],
        "class_labels": [],
        "features": [
            {"name": "city", "kind": "text", "input": "city", "column": 0, "nullable": False},
            {"name": "age", "kind": "number", "input": "age", "column": 0, "nullable": True},
        ],
    }
    return make_root(path, model, signature, name="price")


def tensor_root(path: Path) -> Path:
    """A 2 x 3 picture in; its mean and its doubled pixels out."""
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Add", ["picture", "picture"], ["doubled"]),
    ]
    model = _model(nodes, [_value("picture", 2, 3)], [_value("mean"), _value("doubled", 2, 3)], opset=17)
    signature = {
        "inputs": [{"name": "picture", "dtype": "float32", "shape": ["batch", 2, 3]}],
        "outputs": [
            {"name": "mean", "dtype": "float32", "shape": ["batch"], "role": "prediction"},
            {"name": "doubled", "dtype": "float32", "shape": ["batch", 2, 3], "role": "tensor"},
        ],
        "class_labels": [],
        "features": [],
    }
    return make_root(path, model, signature, name="picture")


def _value(name: str, *sizes: int) -> object:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *sizes])


def _label(name: str) -> object:
    return helper.make_tensor_value_info(name, TensorProto.INT64, ["batch"])


def _model(nodes: list[Any], inputs: list[Any], outputs: list[Any], opset: int = 17) -> bytes:
    graph = helper.make_graph(nodes, "graph", inputs, outputs)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 2)]
    model: ModelProto = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    data: bytes = model.SerializeToString()
    return data
