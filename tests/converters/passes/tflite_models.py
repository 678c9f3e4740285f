"""Nets of the bundled digits as TFLite, written operator by operator, and passes done to them here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from tests.converters.jobs import Done, do
from tests.runtimes.core.tflite_models import Graph

Floats = NDArray[np.float32]
_RELU = schema.ActivationFunctionType.RELU
TRAINED = slice(0, 1200)
"""The rows that nets are trained and calibrated on; the others judge."""


@dataclass(frozen=True)
class Digits:
    images: Floats
    labels: NDArray[Any]


@cache
def digits() -> Digits:
    loaded = load_digits()
    return Digits((loaded.data / 16).astype(np.float32), loaded.target)


@cache
def weights() -> tuple[list[Floats], list[Floats]]:
    """Of a net with three hidden layers, as the format wants them."""
    net = MLPClassifier((48, 48, 48), learning_rate_init=3e-3, batch_size=64, random_state=0)
    for _ in range(15):
        net.partial_fit(digits().images[TRAINED], digits().labels[TRAINED], classes=range(10))
    ours = [one.T.astype(np.float32).copy() for one in net.coefs_]
    return ours, [one.astype(np.float32) for one in net.intercepts_]


def dense(spread: float = 0.0, named: bool = True) -> bytes:
    """The net. With ``spread`` its second layer answers in units that are up to ten to that power apart,
    which the third takes back: in floats the same net."""
    coefficients, biases = (list(side) for side in weights())
    units = 10 ** np.random.default_rng(0).uniform(-spread, spread, len(biases[1])).astype(np.float32)
    coefficients[1], biases[1] = coefficients[1] * units[:, None], biases[1] * units
    coefficients[2] = coefficients[2] / units
    graph = Graph()
    graph.tensor("pixels", "float32", ["batch", 64])
    before = "pixels"
    for at, (weight, bias) in enumerate(zip(coefficients, biases, strict=True)):
        name = f"layer_{at}"
        graph.constant(f"w{at}", weight.astype(np.float32))
        graph.constant(f"b{at}", bias.astype(np.float32))
        graph.tensor(name, "float32", ["batch", len(bias)])
        last = at == len(biases) - 1
        options = {} if last else {"fusedActivationFunction": _RELU}
        graph.operator("FULLY_CONNECTED", [before, f"w{at}", f"b{at}"], [name], FullyConnectedOptions=options)
        before = name
    names = {"image": "pixels", "scores": before} if named else None
    return graph.written(["pixels"], [before], names)


@cache
def convolving() -> bytes:
    """A convolutional net of the digits, trained by torch: rows of 64 numbers become images in it."""
    first, second, third, last = _convolutions()
    graph = Graph()
    graph.tensor("pixels", "float32", ["batch", 64])
    graph.constant("square", np.array([-1, 8, 8, 1], np.int32))
    graph.constant("row", np.array([-1, 1024], np.int32))
    for name, shape in (("image", [8, 8, 1]), ("c1", [8, 8, 32]), ("c2", [8, 8, 64]), ("pool", [4, 4, 64])):
        graph.tensor(name, "float32", ["batch", *shape])
    for name, size in (("flat", 1024), ("dense", 64), ("scores", 10)):
        graph.tensor(name, "float32", ["batch", size])
    for name, (weight, bias) in zip("1234", (first, second, third, last), strict=True):
        graph.constant(f"w{name}", weight)
        graph.constant(f"b{name}", bias)
    same = {"padding": schema.Padding.SAME, "strideW": 1, "strideH": 1, "fusedActivationFunction": _RELU}
    pool = {"padding": schema.Padding.VALID, "strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2}
    graph.operator("RESHAPE", ["pixels", "square"], ["image"], ReshapeOptions={"newShape": [-1, 8, 8, 1]})
    graph.operator("CONV_2D", ["image", "w1", "b1"], ["c1"], Conv2DOptions=same)
    graph.operator("CONV_2D", ["c1", "w2", "b2"], ["c2"], Conv2DOptions=same)
    graph.operator("MAX_POOL_2D", ["c2"], ["pool"], Pool2DOptions=pool)
    graph.operator("RESHAPE", ["pool", "row"], ["flat"], ReshapeOptions={"newShape": [-1, 1024]})
    active = {"fusedActivationFunction": _RELU}
    graph.operator("FULLY_CONNECTED", ["flat", "w3", "b3"], ["dense"], FullyConnectedOptions=active)
    graph.operator("FULLY_CONNECTED", ["dense", "w4", "b4"], ["scores"], FullyConnectedOptions={})
    return graph.written(["pixels"], ["scores"], {"image": "pixels", "scores": "scores"})


def _convolutions() -> list[tuple[Floats, Floats]]:
    """Weights and biases of the trained net, as the format wants them."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so small a net is trained in seconds by one, in a minute by several that wait
    layers = [
        nn.Conv2d(1, 32, 3, padding=1),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.Linear(1024, 64),
        nn.Linear(64, 10),
    ]
    net = nn.Sequential(
        layers[0],
        nn.ReLU(),
        layers[1],
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        layers[2],
        nn.ReLU(),
        layers[3],
    )
    rows = torch.tensor(digits().images[TRAINED]).reshape(-1, 1, 8, 8)
    labels = torch.tensor(digits().labels[TRAINED])
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(6):
        for which in torch.randperm(len(rows)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(rows[which]), labels[which]).backward()
            optimizer.step()
    torch.set_num_threads(threads)
    weights = [layer.weight.detach().numpy() for layer in layers]
    weights[0], weights[1] = (weight.transpose(0, 2, 3, 1) for weight in weights[:2])
    weights[2] = weights[2].reshape(64, 64, 4, 4).transpose(0, 2, 3, 1).reshape(64, 1024)
    biases = [layer.bias.detach().numpy().copy() for layer in layers]
    return [(np.ascontiguousarray(weight), bias) for weight, bias in zip(weights, biases, strict=True)]


def convert(folder: Path, model: bytes | Path, samples: NDArray[Any] | None, rows: int = 64) -> Done:
    """The job that writes the model, with so many rows for calibration."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "source.tflite"
    source.write_bytes(model if isinstance(model, bytes) else model.read_bytes())
    given = folder / "rows.npy"
    if samples is not None:
        np.save(given, samples)
    wanted = {"calibration_rows": rows, "evaluation_rows": 8, "rows": 16} if samples is not None else {}
    done = do(
        folder / "converted",
        source,
        format="tflite",
        samples=str(given) if samples is not None else None,
        **wanted,
    )
    assert done.result["ok"], done.result
    return done


def passed(folder: Path, converted: Done, *passes: dict[str, Any], action: str = "optimize") -> Done:
    """The job that does passes to it (or ranks its layers)."""
    calibration = converted.folder / "calibration.json"
    return do(
        folder,
        converted.folder / "model.tflite",
        action=action,
        format="tflite",
        converted=str(converted.folder),
        passes=list(passes),
        calibration=str(calibration) if calibration.exists() else None,
    )


def model_bytes(done: Done) -> bytes:
    assert done.result["ok"], done.result
    return (done.folder / done.result["model"]["path"]).read_bytes()


def answers(model: bytes, rows: NDArray[Any]) -> Floats:
    """Of the first output, all rows at once."""
    interpreter = Interpreter(model_content=model, num_threads=1)
    runner = interpreter.get_signature_runner()
    (name,) = runner.get_input_details()
    return np.array(next(iter(runner(**{name: rows}).values())))


def accuracy(model: bytes) -> float:
    """On the digits that the net was not trained on."""
    rows, labels = digits().images[1200:], digits().labels[1200:]
    return float((answers(model, rows).argmax(1) == labels).mean())


def layers_of(done: Done) -> Sequence[str]:
    return [str(row["layer"]) for row in done.result["layers"]]


def changed(done: Done) -> list[str]:
    return list(done.result["applied"][-1]["layers"])


def evaluation(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((done.folder / "evaluation.json").read_text(encoding="utf-8"))
    return found
