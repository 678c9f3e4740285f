"""Modules for the tests of pruning, importable by name, and functions that train them."""

import copy
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from packager.converters.table import Table
from packager.converters.torch.arguments import arguments_of
from packager.converters.torch.eager import read_eager
from packager.converters.torch.example import example_tensors
from packager.converters.torch.module import ModuleModel


class Digits(nn.Module):  # type: ignore[misc]
    """A small residual network over 8 by 8 pixels, with a depthwise and a grouped convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.inside = nn.Sequential(nn.Conv2d(16, 24, 3, 1, 1), nn.BatchNorm2d(24), nn.ReLU())
        self.back = nn.Conv2d(24, 16, 1)
        self.depth = nn.Conv2d(16, 16, 3, 2, 1, groups=16)
        self.point = nn.Sequential(nn.BatchNorm2d(16), nn.Conv2d(16, 32, 1, groups=2), nn.PReLU(32))
        self.last = nn.Linear(32 * 4, 10)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        seen = self.first(pixels)
        seen = functional.relu(seen + self.back(self.inside(seen)))
        seen = functional.max_pool2d(self.point(self.depth(seen)), 2)
        return self.last(seen.flatten(1))


class Fixed(nn.Module):  # type: ignore[misc]
    """Its code names a size: that layer cannot become narrower, the one before it can."""

    def __init__(self) -> None:
        super().__init__()
        self.free = nn.Linear(8, 32)
        self.named = nn.Linear(32, 16)
        self.last = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = functional.relu(self.named(functional.relu(self.free(x))))
        return self.last(seen.reshape(-1, 2, 8).sum(1))


class Heads(nn.Module):  # type: ignore[misc]
    """Attention by hand, whose heads are cut out of whatever width comes."""

    def __init__(self) -> None:
        super().__init__()
        self.both = nn.Linear(8, 2 * 16)
        self.value = nn.Linear(8, 16)
        self.wide = nn.Linear(16, 64)
        self.last = nn.Linear(64, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key = self.both(x).chunk(2, -1)
        parts = [one.unflatten(-1, (4, -1)).transpose(1, 2) for one in (query, key, self.value(x))]
        weights = (parts[0] @ parts[1].transpose(-1, -2)).softmax(-1)
        seen = (weights @ parts[2]).transpose(1, 2).flatten(2)
        return self.last(functional.gelu(self.wide(seen)).mean(1))


class Encoder(nn.Module):  # type: ignore[misc]
    """torch's own transformer."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.last = nn.Linear(16, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.encoder(x).mean(1))


class Recurrent(nn.Module):  # type: ignore[misc]
    """A layer before a recurrent one, and one behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Linear(8, 32)
        self.layer = nn.LSTM(32, 16, batch_first=True)
        self.behind = nn.Linear(16, 32)
        self.last = nn.Linear(32, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen, _ = self.layer(self.before(x).relu())
        return self.last(self.behind(seen[:, -1]).relu())


class BothWays(nn.Module):  # type: ignore[misc]
    """A recurrent layer in both directions, which torch-pruning cannot follow."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(1, 16, 3)
        self.second = nn.Conv1d(16, 32, 3)
        self.layer = nn.GRU(32, 8, batch_first=True, bidirectional=True)
        self.last = nn.Linear(16, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = self.second(self.first(x).relu()).relu()
        return self.last(self.layer(seen.transpose(1, 2))[0].mean(1))


class Layers(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 32)
        self.last = nn.Linear(32, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.first(x).relu())


def seeded(kind: Any) -> Any:
    torch.manual_seed(0)
    return kind().eval()


def read(module: Any, **arrays: Any) -> ModuleModel:
    """As the converter reads it."""
    return read_eager(
        module, example_tensors(Table("rows", arrays=arrays), arguments_of(module, list(arrays)))
    )


def numbers(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def digits() -> tuple[Any, Any]:
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.images.astype("float32") / 16)[:, None], found.target


def fit(model: Any, epochs: int) -> None:
    """On the first 1,200 digits; the others are for tests."""
    pixels, wanted = (torch.from_numpy(one[:1200]) for one in digits())
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(pixels)).split(48):
            loss = functional.cross_entropy(model(pixels[rows]), wanted[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def train(model: Any) -> None:
    fit(model, 1)


def shifted(model: Any) -> None:
    """Momentum and weight decay move every weight that is not held."""
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(16, 8)).square().sum().backward()
        optimizer.step()


def copied(model: Any) -> Any:
    """Trains nothing; it gives another module of the same kind."""
    made = copy.deepcopy(model)
    with torch.no_grad():
        made.last.bias += 1
    return made
