"""Small nets for int8, and rows that ranges are found on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from packager.converters.tensors import tensor_document
from tests.converters.jobs import Done
from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import Array, Net

OUTLIER = 3000.0


def calibration(folder: Path, *cases: dict[str, Array]) -> str:
    """A cases file of inputs alone."""
    folder.mkdir(parents=True, exist_ok=True)
    documents = [
        {"inputs": {name: tensor_document(array) for name, array in case.items()}, "outputs": {}}
        for case in cases
    ]
    path = folder / "calibration.json"
    path.write_text(json.dumps({"schema_version": 1, "cases": documents}), encoding="utf-8")
    return str(path)


def quantized(folder: Path, net: Net, *passes: dict[str, Any], rows: int = 128, **changes: Any) -> Done:
    """With the first rows of the net as calibration rows."""
    given = calibration(folder / "rows", {"X": net.rows[:rows]})
    return nets.passed(folder / "passed", net.done, *passes, **{"calibration": given} | changes)


def collapsing(folder: Path) -> Net:
    """The answers of the convolutional net; one channel between its layers is far larger than all others."""
    net = nets.convolutional(folder / "sound")
    model = onnx.load(net.path)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    first, second = (numpy_helper.to_array(weights[name]).copy() for name in ("first", "second"))
    first[0] *= OUTLIER
    second[:, 0] /= OUTLIER
    for name, array in (("first", first), ("second", second)):
        weights[name].CopyFrom(numpy_helper.from_array(array, name))
    return Net(nets.converted(folder / "collapsing", model), net.rows, net.labels)


def attending(folder: Path) -> Net:
    """Attention that sees no later step: its mask is infinite."""
    random = np.random.default_rng(0)
    mask = np.where(np.tri(12), 0, -np.inf).astype(np.float32)
    weights: dict[str, Array] = {
        name: (random.standard_normal((32, 32)) / 6).astype(np.float32) for name in ("q", "k", "v", "o")
    }
    weights |= {"mask": mask, "bias": random.standard_normal(32).astype(np.float32)}
    nodes = [
        *(helper.make_node("MatMul", ["X", name], [f"{name}_x"], f"to_{name}") for name in "qkv"),
        helper.make_node("Transpose", ["k_x"], ["k_t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["q_x", "k_t"], ["scores"], "scores"),
        helper.make_node("Add", ["scores", "mask"], ["masked"], "masked"),
        helper.make_node("Softmax", ["masked"], ["shares"], axis=-1),
        helper.make_node("MatMul", ["shares", "v_x"], ["mixed"], "mixed"),
        helper.make_node("MatMul", ["mixed", "o"], ["out"], "to_o"),
        helper.make_node("Add", ["out", "bias"], ["Y"]),
    ]
    model = nets.graph(nodes, weights, {"X": ["batch", 12, 32]}, {"Y": ["batch", 12, 32]})
    rows = random.standard_normal((32, 12, 32)).astype(np.float32)
    return Net(nets.converted(folder, model), rows, np.zeros(32))


def residual(folder: Path) -> Net:
    """Convolutions with a branch around them, pooled."""
    random = np.random.default_rng(0)
    weights: dict[str, Array] = {
        name: (random.standard_normal((16, channels, 3, 3)) / 6).astype(np.float32)
        for name, channels in (("w1", 3), ("w2", 16), ("w3", 16))
    }
    weights["head"] = (random.standard_normal((16, 5)) / 4).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["X", "w1"], ["a"], "stem", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "w2"], ["c"], "body_1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("Conv", ["d", "w3"], ["e"], "body_2", pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["b", "e"], ["f"], "around"),
        helper.make_node("Relu", ["f"], ["g"]),
        helper.make_node("GlobalAveragePool", ["g"], ["h"]),
        helper.make_node("Flatten", ["h"], ["i"]),
        helper.make_node("MatMul", ["i", "head"], ["Y"], "head"),
    ]
    model = nets.graph(nodes, weights, {"X": ["batch", 3, 8, 8]}, {"Y": ["batch", 5]})
    rows = random.standard_normal((32, 3, 8, 8)).astype(np.float32)
    return Net(nets.converted(folder, model), rows, np.zeros(32))


def recurrent(folder: Path, **attributes: Any) -> Net:
    """An LSTM under a product of matrices."""
    random = np.random.default_rng(0)
    weights: dict[str, Array] = {
        "W": (random.standard_normal((1, 128, 24)) / 5).astype(np.float32),
        "R": (random.standard_normal((1, 128, 32)) / 6).astype(np.float32),
        "head": (random.standard_normal((32, 10)) / 5).astype(np.float32),
    }
    steps = [] if attributes.get("layout") else [helper.make_node("Transpose", ["X"], ["x"], perm=[1, 0, 2])]
    last = [1] if attributes.get("layout") else [0]
    weights["axis"] = np.array(last, np.int64)
    nodes = [
        *steps,
        helper.make_node(
            "LSTM", ["x" if steps else "X", "W", "R"], ["", "h"], "cells", hidden_size=32, **attributes
        ),
        helper.make_node("Squeeze", ["h", "axis"], ["s"]),
        helper.make_node("MatMul", ["s", "head"], ["Y"], "head"),
    ]
    model = nets.graph(nodes, weights, {"X": ["batch", 6, 24]}, {"Y": ["batch", 10]})
    rows = random.standard_normal((32, 6, 24)).astype(np.float32)
    return Net(nets.converted(folder, model), rows, np.zeros(32))


def operators(done: Done) -> list[str]:
    return sorted(node.op_type for node in onnx.load(done.folder / "model.onnx").graph.node)


def detail(done: Done) -> str:
    assert done.result["ok"], done.result
    return str(done.result["applied"][0]["detail"])
