"""Tiny real models for the tests of the runtime, each with its signature."""

from functools import cache
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.artifacts import Document

ONNX_TYPES = {
    "float16": TensorProto.FLOAT16,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}

Spec = tuple[str, str, list[int | str]]
Model = tuple[bytes, Document]


def graph(
    nodes: list[Any], inputs: list[Spec], outputs: list[Spec], constants: Document | None = None
) -> bytes:
    """The bytes of a checked model."""

    def info(spec: Spec) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(spec[0], ONNX_TYPES[spec[1]], spec[2])

    initializers = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    made = helper.make_graph(nodes, "test", list(map(info, inputs)), list(map(info, outputs)), initializers)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def signature(
    inputs: list[Spec], outputs: list[Spec], roles: tuple[str, ...] = (), **entries: object
) -> Document:
    """The contract's signature document."""
    named = [{"name": name, "dtype": dtype, "shape": shape} for name, dtype, shape in inputs]
    given = [
        {"name": name, "dtype": dtype, "shape": shape, "role": roles[at] if roles else "tensor"}
        for at, (name, dtype, shape) in enumerate(outputs)
    ]
    return {"inputs": named, "outputs": given, "class_labels": [], "features": [], **entries}


def columns(
    names: list[str], kind: str = "number", into: str = "X", nullable: bool = False
) -> list[Document]:
    """Features that fill one input."""
    return [
        {"name": name, "kind": kind, "input": into, "column": at, "nullable": nullable}
        for at, name in enumerate(names)
    ]


def made(
    nodes: list[Any], inputs: list[Spec], outputs: list[Spec], constants: Document | None = None
) -> Model:
    """A model whose signature is its graph's."""
    return graph(nodes, inputs, outputs, constants), signature(inputs, outputs)


def same(dtype: str) -> Model:
    """Gives back what it takes, in any dtype."""
    return made(
        [helper.make_node("Identity", ["x"], ["y"])],
        [("x", dtype, ["batch", 3])],
        [("y", dtype, ["batch", 3])],
    )


def linear() -> Model:
    """A regressor of two named features: 2 a + 3 b + 1, as ``[batch, 1]``."""
    constants = {"w": np.array([[2.0], [3.0]], np.float32), "b": np.array([1.0], np.float32)}
    nodes = [helper.make_node("MatMul", ["X", "w"], ["m"]), helper.make_node("Add", ["m", "b"], ["y"])]
    inputs: list[Spec] = [("X", "float32", ["batch", 2])]
    outputs: list[Spec] = [("y", "float32", ["batch", 1])]
    entries = {"features": columns(["a", "b"])}
    return graph(nodes, inputs, outputs, constants), signature(inputs, outputs, ("prediction",), **entries)


def classifier(labels: list[Any], **entries: object) -> Model:
    """Two scores as probabilities, and the index of the larger one as the label."""
    nodes = [
        helper.make_node("Softmax", ["X"], ["p"], axis=1),
        helper.make_node("ArgMax", ["X"], ["label"], axis=1, keepdims=0),
    ]
    inputs: list[Spec] = [("X", "float32", ["batch", 2])]
    outputs: list[Spec] = [("label", "int64", ["batch"]), ("p", "float32", ["batch", 2])]
    roles = ("label", "probabilities")
    given = {"class_labels": labels, "features": columns(["no", "yes"]), **entries}
    return graph(nodes, inputs, outputs), signature(inputs, outputs, roles, **given)


def image(batch: int | str = "batch") -> Model:
    """A small convolution over ``[batch, 2, 4, 4]`` images, summed up to ``[batch, 3]``."""
    weights = np.random.default_rng(0).normal(size=(3, 2, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["pixels", "w"], ["c"]),
        helper.make_node("ReduceMean", ["c"], ["scores"], axes=[2, 3], keepdims=0),
    ]
    inputs: list[Spec] = [("pixels", "float32", [batch, 2, 4, 4])]
    outputs: list[Spec] = [("scores", "float32", [batch, 3])]
    return graph(nodes, inputs, outputs, {"w": weights}), signature(inputs, outputs, ("prediction",))


def embedding() -> Model:
    """Looks up token ids in a table of 5: an id beyond it is refused by the engine, not by a check."""
    table = np.arange(10, dtype=np.float32).reshape(5, 2)
    inputs: list[Spec] = [("tokens", "int64", ["batch", "length"])]
    outputs: list[Spec] = [("vectors", "float32", ["batch", "length", 2])]
    nodes = [helper.make_node("Gather", ["table", "tokens"], ["vectors"], axis=0)]
    return graph(nodes, inputs, outputs, {"table": table}), signature(inputs, outputs)


def switch() -> Model:
    """Three inputs of three dtypes: ``where(flag, a, b)`` and the count of the true flags."""
    nodes = [
        helper.make_node("Where", ["flag", "a", "b"], ["chosen"]),
        helper.make_node("Cast", ["flag"], ["ones"], to=TensorProto.INT64),
        helper.make_node("ReduceSum", ["ones", "axes"], ["count"], keepdims=0),
    ]
    inputs: list[Spec] = [
        ("flag", "bool", ["batch", 2]),
        ("a", "float64", ["batch", 2]),
        ("b", "float64", ["batch", 2]),
    ]
    outputs: list[Spec] = [("chosen", "float64", ["batch", 2]), ("count", "int64", ["batch"])]
    constants = {"axes": np.array([1], np.int64)}
    return graph(nodes, inputs, outputs, constants), signature(inputs, outputs)


@cache
def mixed() -> Model:
    """A scikit-learn pipeline over text, number and integer columns, one of them with missing values."""
    import pandas as pd
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "city": rng.choice(["Bern", "Köln", "東京"], 200),
            "age": rng.normal(40, 10, 200).astype(np.float32),
            "rooms": rng.integers(1, 6, 200),
        }
    )
    frame.loc[::9, "age"] = np.nan
    target = np.where((frame["city"] == "Köln") ^ (frame["rooms"] > 3), "high", "low")
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    into = ColumnTransformer(
        [
            ("c", OneHotEncoder(handle_unknown="ignore"), ["city"]),
            ("n", numbers, ["age"]),
            ("r", "passthrough", ["rooms"]),
        ]
    )
    pipeline = make_pipeline(into, RandomForestClassifier(10, random_state=0)).fit(frame, target)
    types = [
        ("city", StringTensorType([None, 1])),
        ("age", FloatTensorType([None, 1])),
        ("rooms", Int64TensorType([None, 1])),
    ]
    converted = convert_sklearn(
        pipeline, initial_types=types, options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3}
    )
    label, scores = (output.name for output in converted.graph.output)
    features = [
        *columns(["city"], "text", "city"),
        *columns(["age"], "number", "age", nullable=True),
        *columns(["rooms"], "integer", "rooms"),
    ]
    inputs: list[Spec] = [
        ("city", "string", ["batch", 1]),
        ("age", "float32", ["batch", 1]),
        ("rooms", "int64", ["batch", 1]),
    ]
    outputs: list[Spec] = [(label, "string", ["batch"]), (scores, "float32", ["batch", 2])]
    entries = {"class_labels": ["high", "low"], "features": features}
    document = signature(inputs, outputs, ("label", "probabilities"), **entries)
    return converted.SerializeToString(), document


def choosing(rows: str = "batch") -> Model:
    """Answers only the rows whose first value is more than 0. ``rows``: what their number is called."""
    nodes = [
        helper.make_node("Gather", ["x", "first"], ["chances"], axis=1),
        helper.make_node("Greater", ["chances", "zero"], ["wanted"]),
        helper.make_node("Compress", ["x", "wanted"], ["y"], axis=0),
    ]
    constants = {"first": np.array(0, np.int64), "zero": np.array(0.0, np.float32)}
    inputs: list[Spec] = [("x", "float32", ["batch", 2])]
    outputs: list[Spec] = [("y", "float32", [rows, 2])]
    return graph(nodes, inputs, outputs, constants), signature(inputs, outputs, ("prediction",))
