"""Small models laid out for a trial."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from packager import conversion
from packager.conversion import Conversion, Way
from packager.model import Format
from packager.worker import WorkerRequest


def write_net(path: Path, width: int = 32, layers: int = 2, seed: int = 0) -> Path:
    """A chain of layers with ``width`` values between them."""
    random = np.random.default_rng(seed)
    nodes, weights, before = [], [], "x"
    for at in range(layers):
        weight = (random.normal(size=(width, width)) / width**0.5).astype(np.float32)
        weights.append(onnx.numpy_helper.from_array(weight, f"w{at}"))
        nodes.append(helper.make_node("MatMul", [before, f"w{at}"], [f"m{at}"]))
        nodes.append(helper.make_node("Relu", [f"m{at}"], [f"r{at}" if at < layers - 1 else "y"]))
        before = f"r{at}"
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", width])],
        weights,
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def converted(source: Path, job: Path, format: Format = "onnx") -> Conversion:
    """As a build converts it."""
    request = WorkerRequest(action="convert", source=source, format=format, evaluation_rows=20)
    return conversion.convert(request, job, Way())
