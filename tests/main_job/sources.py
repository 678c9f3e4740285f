"""Source models for the main job: each writes its files and says what it should answer.

The expected answers come from the source's own library, never from a converter.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import published
from tests.packages import Published

Json = Any


@dataclass(frozen=True, slots=True)
class Question:
    """A request document and the parts of the answer that must come back: exact, or numbers within 1e-4."""

    request: Json
    answer: dict[str, Json]


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """A model file as a user has it, the arguments its build needs, and questions to its artifact."""

    model: Path
    questions: tuple[Question, ...]
    arguments: tuple[str, ...] = field(default=())


def mixed_pipeline(folder: Path) -> SourceFiles:
    """A pipeline over text and number columns, fitted on the census data that nobody here made."""
    import joblib
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    data = pd.read_csv(published.ADULT_CENSUS.fetch(), index_col=0, skipinitialspace=True).head(3000)
    numbers = ["age", "education-num", "hours-per-week"]
    texts = ["workclass", "marital-status", "occupation", "gender"]
    columns = make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts)
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=2000))
    model.fit(data[numbers + texts], data["income"])
    joblib.dump(model, folder / "census.joblib")
    data[[*numbers, *texts, "income"]].to_csv(folder / "rows.csv", index=False)
    asked = data[numbers + texts].iloc[40:43]
    rows = [
        {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
        for row in asked.to_dict("records")
    ]
    answer = {
        "predictions": model.predict(asked).tolist(),
        "probabilities": model.predict_proba(asked).tolist(),
    }
    arguments = ("--samples", str(folder / "rows.csv"), "--labels", "income")
    return SourceFiles(folder / "census.joblib", (Question({"instances": rows}, answer),), arguments)


def forest(folder: Path) -> SourceFiles:
    """A random forest on the wine measurements, pickled, built without any samples."""
    import pickle

    from sklearn.datasets import load_wine
    from sklearn.ensemble import RandomForestClassifier

    data, target = load_wine(return_X_y=True)
    model = RandomForestClassifier(100, random_state=0).fit(data, target)
    (folder / "forest.pkl").write_bytes(pickle.dumps(model))
    rows = data[::50]
    answer = {
        "predictions": model.predict(rows).tolist(),
        "probabilities": model.predict_proba(rows).tolist(),
    }
    batch = Question({"instances": rows.tolist()}, answer)
    single = Question({"features": rows[0].tolist()}, {"predictions": answer["predictions"][:1]})
    return SourceFiles(folder / "forest.pkl", (single, batch))


def exported_cnn(folder: Path) -> SourceFiles:
    """A small convolutional net over 8 x 8 digits as an ExportedProgram with a free batch."""
    import torch

    net = _cnn().eval()
    images = _digits(6)
    program = torch.export.export(net, (images[:2],), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, folder / "digits.pt2")
    return SourceFiles(folder / "digits.pt2", _torch_questions(net, images))


def state_dict(folder: Path) -> SourceFiles:
    """The same net's weights alone, with the module's factory and sample rows."""
    import torch

    net = _cnn().eval()
    torch.save(net.state_dict(), folder / "weights.pt")
    (folder / "digit_net.py").write_text(_CNN_SOURCE)
    images = _digits(6)
    np.save(folder / "rows.npy", images.numpy())
    arguments = ("--torch-model", "digit_net:make", "--samples", str(folder / "rows.npy"))
    return SourceFiles(folder / "weights.pt", _torch_questions(net, images), arguments)


def published_onnx(model: Published, inputs: Callable[[], dict[str, NDArray[Any]]]) -> SourceFiles:
    """A model that nobody here wrote; onnxruntime's own package says what it answers."""
    import onnxruntime

    path = model.fetch()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = inputs()
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(names, given), strict=True))
    request = {"inputs": {name: array.tolist() for name, array in given.items()}}
    if len(names) == 1:
        expected: dict[str, Json] = {"predictions": answers[names[0]].tolist()}
    elif isinstance(answers[names[-1]], list):  # a classifier's label, then its scores as a list of maps
        scores = [list(row.values()) for row in answers[names[-1]]]
        expected = {"predictions": answers[names[0]].tolist(), "probabilities": scores}
    else:
        expected = {"outputs": {name: array.tolist() for name, array in answers.items()}}
    return SourceFiles(path, (Question(request, expected),))


def speech_detector(_: Path) -> SourceFiles:
    """Recurrent, with a state that goes in and out: silero-vad."""
    return published_onnx(published.SILERO_VAD, _sound)


def speech_detector_of_two_rates(_: Path) -> SourceFiles:
    """The same with a branch for each sampling rate: graphs within the graph."""
    return published_onnx(published.SILERO_VAD_BOTH_RATES, _sound)


def text_direction(_: Path) -> SourceFiles:
    """Images of any size: the size of the batch is free, and so are height and width."""
    return published_onnx(published.TEXT_DIRECTION, lambda: {"x": _noise(2, 3, 48, 192)})


def mnist(_: Path) -> SourceFiles:
    """A convolutional net with a fixed batch of one."""
    return published_onnx(published.MNIST_CONV, lambda: {"Input3": _noise(1, 1, 28, 28)})


def face_landmarks(_: Path) -> SourceFiles:
    """Several outputs and a free batch, channels last: MTCNN's last stage."""
    return published_onnx(published.MTCNN_ONET, lambda: {"input_3": _noise(3, 48, 48, 3)})


def peptides(_: Path) -> SourceFiles:
    """A forest of ai.onnx.ml operators whose scores end in a ZipMap."""
    return published_onnx(published.MACREL_HEMO, lambda: {"input_features": _noise(5, 22)})


def _sound() -> dict[str, NDArray[Any]]:
    sound = np.random.default_rng(0).normal(scale=0.1, size=(1, 576)).astype(np.float32)
    return {"input": sound, "state": np.zeros((2, 1, 128), np.float32), "sr": np.array(16000, np.int64)}


def _noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).random(shape, dtype=np.float32)


def _torch_questions(net: Any, images: Any) -> tuple[Question, ...]:
    import torch

    with torch.no_grad():
        answers = net(images).numpy().tolist()
    batch = Question({"instances": images.numpy().tolist()}, {"predictions": answers})
    single = Question({"instances": images[:1].numpy().tolist()}, {"predictions": answers[:1]})
    return batch, single


def _digits(count: int) -> Any:
    import torch
    from sklearn.datasets import load_digits

    return torch.tensor(load_digits().images[:count, None] / 16, dtype=torch.float32)


_CNN_SOURCE = '''"""The module that a user has beside the weights."""

from torch import nn


def make() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 10),
    )
'''


def _cnn() -> Any:
    import torch

    torch.manual_seed(0)
    scope: dict[str, Any] = {}
    exec(_CNN_SOURCE, scope)
    return scope["make"]()
