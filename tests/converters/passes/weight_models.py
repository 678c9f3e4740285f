"""Small nets with real weights, and what passes over weights make of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier

from packager.passes import PASSES
from tests.converters.jobs import Done, do

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Net:
    """A model that was converted, rows for it, and their classes."""

    done: Done
    rows: Array
    labels: Array

    @property
    def path(self) -> Path:
        return self.done.folder / "model.onnx"


def convolutional(folder: Path) -> Net:
    """Random features of the digits under a trained last layer: 0.95 of the rows are right."""
    digits = load_digits()
    images = (digits.images[:, None] / 16).astype(np.float32)
    random = np.random.default_rng(0)
    weights: dict[str, Array] = {
        "first": (random.standard_normal((16, 1, 3, 3)) / 3).astype(np.float32),
        "second": (random.standard_normal((48, 16, 3, 3)) / 12).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["X", "first"], ["a"], "conv_1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], "conv_2", strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("Flatten", ["d"], ["e"]),
    ]
    body = graph(nodes, weights, {"X": ["batch", 1, 8, 8]}, {"e": ["batch", 768]})
    features = run(body, {"X": images})[0]
    head = RidgeClassifier(alpha=1.0).fit(features[:1200], digits.target[:1200])
    weights |= {"matrix": head.coef_.astype(np.float32), "bias": head.intercept_.astype(np.float32)}
    nodes.append(helper.make_node("Gemm", ["e", "matrix", "bias"], ["Y"], "head", transB=1))
    model = graph(nodes, weights, {"X": ["batch", 1, 8, 8]}, {"Y": ["batch", 10]})
    return Net(converted(folder, model), images[1200:], digits.target[1200:])


def dense(folder: Path) -> Net:
    """Two products with matrices, with and without a bias, one of them transposed; no labels."""
    random = np.random.default_rng(0)
    weights: dict[str, Array] = {
        "first": random.standard_normal((40, 96)).astype(np.float32) / 6,
        "second": random.standard_normal((64, 96)).astype(np.float32) / 9,
        "bias": random.standard_normal(64).astype(np.float32),
        "third": random.standard_normal((64, 24)).astype(np.float32) / 8,
    }
    nodes = [
        helper.make_node("MatMul", ["X", "first"], ["a"], "product"),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Gemm", ["b", "second", "bias"], ["c"], "turned", transB=1),
        helper.make_node("Tanh", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "third"], ["Y"], "last"),
    ]
    model = graph(nodes, weights, {"X": ["batch", 40]}, {"Y": ["batch", 24]})
    rows = random.standard_normal((32, 40)).astype(np.float32)
    return Net(converted(folder, model), rows, np.zeros(32))


def graph(nodes: list[Any], weights: dict[str, Array], inputs: Any, outputs: Any) -> Any:
    def values(shapes: Any) -> list[Any]:
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, s) for name, s in shapes.items()]

    tensors = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    made = helper.make_graph(nodes, "net", values(inputs), values(outputs), tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def converted(folder: Path, model: Any) -> Done:
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "source.onnx")
    return of_file(folder, folder / "source.onnx")


def of_file(folder: Path, source: Path) -> Done:
    done = do(folder / "converted", source)
    assert done.result["ok"], done.result
    return done


def passed(folder: Path, before: Done, *passes: dict[str, Any], **changes: Any) -> Done:
    """The passes as a worker carries them out, each with the defaults of its kind."""
    full = [PASSES[one["kind"]].model_validate(one).model_dump(mode="json") for one in passes]
    source = before.folder / "model.onnx"
    request = {"action": "optimize", "converted": str(before.folder), "format": "onnx", "passes": full}
    return do(folder, source, **request | changes)


def ranked(folder: Path, before: Done, one: dict[str, Any]) -> list[dict[str, Any]]:
    done = passed(folder, before, one, action="sensitivity")
    assert done.result["ok"], done.result
    return list(done.result["layers"])


def run(model: Any, inputs: dict[str, Array]) -> list[Any]:
    """As the engine answers that ships, with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    content = str(model) if isinstance(model, Path) else model.SerializeToString()
    return list(onnxruntime.InferenceSession(content, options).run(None, inputs))


def answers(done: Done, rows: Array) -> Array:
    return np.asarray(run(done.folder / "model.onnx", {"X": rows})[0])


def error(before: Array, after: Array) -> float:
    """Relative to the size of the answers (L2)."""
    return float(np.linalg.norm(before - after) / np.linalg.norm(before))


def size(done: Done) -> int:
    return (done.folder / "model.onnx").stat().st_size
