"""Small nets over the digits that scikit-learn brings, written as ONNX with the weights that it learnt."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_LEARNT = 900
"""Rows that the net has learnt; the others are samples."""
_OUTLIER = 3000.0


@dataclass(frozen=True, slots=True)
class Net:
    """A model file with rows that it has not seen, and what they are."""

    model: Path
    samples: Path
    labels: Path

    @property
    def arguments(self) -> tuple[str, ...]:
        """The model, its rows and their truth."""
        return (str(self.model), "--samples", str(self.samples), "--labels", str(self.labels))


def digits(folder: Path, fragile: bool = False) -> Net:
    """Three dense layers. A ``fragile`` net answers the same, but one value between its layers, which nothing
    reads, is so large that int8 has no steps left for the others."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    rows, truth = load_digits(return_X_y=True)
    rows = (rows / 16).astype(np.float32)
    learnt = MLPClassifier((64, 48), max_iter=300, tol=1e-2, random_state=0)
    learnt.fit(rows[:_LEARNT], truth[:_LEARNT])
    weights = [array.astype(np.float32) for array in learnt.coefs_]
    biases = [array.astype(np.float32) for array in learnt.intercepts_]
    if fragile:
        weights, biases = _with_outlier(weights, biases)
    net = Net(folder / "digits.onnx", folder / "rows.npy", folder / "truth.npy")
    _write(net.model, weights, biases)
    np.save(net.samples, rows[_LEARNT:])
    np.save(net.labels, truth[_LEARNT:])
    return net


Arrays = list[NDArray[np.float32]]


def _with_outlier(weights: Arrays, biases: Arrays) -> tuple[Arrays, Arrays]:
    """One more unit in the first hidden layer, which is always huge and which the next layer ignores."""
    first = np.concatenate([weights[0], np.zeros((64, 1), np.float32)], axis=1)
    second = np.concatenate([weights[1], np.zeros((1, weights[1].shape[1]), np.float32)], axis=0)
    bias = np.concatenate([biases[0], np.array([_OUTLIER], np.float32)])
    return [first, second, weights[2]], [bias, *biases[1:]]


def _write(path: Path, weights: Arrays, biases: Arrays) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, value = [], [], "image"
    for at, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        constants += [numpy_helper.from_array(weight, f"w{at}"), numpy_helper.from_array(bias, f"b{at}")]
        given, value = value, f"h{at}" if at + 1 < len(weights) else "digit"
        nodes.append(helper.make_node("Gemm", [given, f"w{at}", f"b{at}"], [value], name=f"dense{at}"))
        if value != "digit":
            nodes.append(helper.make_node("Relu", [value], [f"r{at}"], name=f"relu{at}"))
            value = f"r{at}"
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 64])],
        [helper.make_tensor_value_info("digit", TensorProto.FLOAT, ["batch", 10])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
