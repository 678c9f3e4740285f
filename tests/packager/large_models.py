"""Nets whose weights are large enough to lie in a file of their own."""

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def dense(width: int = 200) -> tuple[bytes, dict[str, Any]]:
    """Two layers, of which the second has a bias, from ``width`` numbers to ten."""
    random = np.random.default_rng(0)
    weights = {
        "first": random.standard_normal((width, width)).astype(np.float32) / width,
        "second": random.standard_normal((width, 10)).astype(np.float32),
        "bias": random.standard_normal(10).astype(np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["X", "first"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Gemm", ["b", "second", "bias"], ["Y"]),
    ]
    graph = helper.make_graph(
        nodes, "dense",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["batch", width])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    signature = {
        "inputs": [{"name": "X", "dtype": "float32", "shape": ["batch", width]}],
        "outputs": [{"name": "Y", "dtype": "float32", "shape": ["batch", 10], "role": "tensor"}],
        "class_labels": [], "features": [],
    }  # fmt: skip
    return model.SerializeToString(), signature


def convolving() -> tuple[bytes, dict[str, Any]]:
    """Two convolutions, of which the second adds what goes around it, over an image of three colours."""
    random = np.random.default_rng(0)
    weights = {
        "first": random.standard_normal((32, 3, 7, 7)).astype(np.float32) / 12,
        "second": random.standard_normal((32, 32, 3, 3)).astype(np.float32) / 17,
        "shift": random.standard_normal(32).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["X", "first", "shift"], ["a"], pads=[3, 3, 3, 3]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second", "shift"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["b", "c"], ["d"]),
        helper.make_node("Relu", ["d"], ["e"]),
        helper.make_node("GlobalAveragePool", ["e"], ["Y"]),
    ]
    shape = ["batch", 3, 24, 24]
    graph = helper.make_graph(
        nodes, "convolving",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, ["batch", 32, 1, 1])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    signature = {
        "inputs": [{"name": "X", "dtype": "float32", "shape": shape}],
        "outputs": [{"name": "Y", "dtype": "float32", "shape": ["batch", 32, 1, 1], "role": "tensor"}],
        "class_labels": [], "features": [],
    }  # fmt: skip
    return model.SerializeToString(), signature
