"""Modules for the tests, importable by name, and the job that converts one of them."""

import dataclasses
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tests.converters.jobs import Done, do

RANDOM = np.random.default_rng(0)


def numbers(*shape: int) -> Any:
    return RANDOM.normal(size=shape).astype(np.float32)


class Recurrent(nn.Module):  # type: ignore[misc]
    """A recurrent layer in both directions, with its last state."""

    def __init__(self, kind: Any = nn.LSTM) -> None:
        super().__init__()
        self.layer = kind(4, 6, 2, batch_first=True, bidirectional=True)
        self.last = nn.Linear(12, 3)

    def forward(self, x: torch.Tensor) -> Any:
        seen, state = self.layer(x)
        return self.last(seen[:, -1]), state


class Stepped(nn.Module):  # type: ignore[misc]
    """The state is an input, and its second size is the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.LSTM(4, 6, batch_first=True)

    def forward(self, x: torch.Tensor, h: torch.Tensor, c: torch.Tensor) -> Any:
        seen, (h, c) = self.layer(x, (h, c))
        return seen, h, c


class TimeFirst(nn.Module):  # type: ignore[misc]
    """The first axis is time: its rows are no rows."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.GRU(4, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)[0]


class Words(nn.Module):  # type: ignore[misc]
    """A transformer over word numbers with learned places, which end at 12."""

    def __init__(self, nested: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 16)
        self.places = nn.Parameter(torch.randn(12, 16))
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=nested)
        self.last = nn.Linear(16, 3)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        seen = self.words(ids) + self.places[: ids.shape[1]]
        return self.last(self.encoder(seen, src_key_padding_mask=mask).mean(1))


class NestedWords(Words):
    def __init__(self) -> None:
        super().__init__(nested=True)


class Images(nn.Module):  # type: ignore[misc]
    """A small residual network: norms, depthwise convolution, pooling to one place."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.depth = nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.last = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = functional.relu(self.norm(self.first(x)))
        seen = functional.gelu(seen + self.depth(seen))
        return self.last(functional.adaptive_avg_pool2d(seen, 1).flatten(1))


class Halved(nn.Module):  # type: ignore[misc]
    """Down and up again: only even sizes fit together."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, 4, 3, 2, 1)
        self.up = nn.ConvTranspose2d(4, 4, 2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, self.up(self.down(x))], dim=1)


class Branching(nn.Module):  # type: ignore[misc]
    """Another rule for long inputs: an export keeps one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.last(x)
        return scores.sum(1) if x.shape[1] > 5 else scores.mean(1) * 2


class Deciding(nn.Module):  # type: ignore[misc]
    """Another rule for other values."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(x) if x.sum() > -1000 else -self.last(x)


class Pair(NamedTuple):
    scores: torch.Tensor
    shifted: torch.Tensor


@dataclasses.dataclass
class Answer:
    scores: torch.Tensor
    nothing: torch.Tensor | None
    more: tuple[torch.Tensor, Pair]


class Named(nn.Module):  # type: ignore[misc]
    """Keyword inputs, a plain number among them, and an answer of nested parts."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor, *, scale: torch.Tensor, times: int = 1, bias: Any = None) -> Answer:
        scores = self.last(x) * scale * times
        shifted = scores if bias is None else scores + bias
        return Answer(scores, None, (scores * 2, Pair(scores, shifted)))


def saved_weights(folder: Path, make: Any) -> tuple[nn.Module, Path]:
    torch.manual_seed(0)
    module = make().eval()
    torch.save(module.state_dict(), folder / "model.pth")
    return module, folder / "model.pth"


def converted(folder: Path, name: str, arrays: dict[str, Any]) -> Done:
    """The weights of the module of that name here, with it as their factory."""
    _, path = saved_weights(folder, globals()[name])
    np.savez(folder / "rows.npz", **arrays)
    options = {"torch_model": f"{__name__}:{name}", "import_paths": [str(Path.cwd())]}
    assert __name__ in sys.modules
    return do(folder / "job", path, samples=str(folder / "rows.npz"), **options)


class Remembering(nn.Module):  # type: ignore[misc]
    """It counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)
        self.register_buffer("asked", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.asked += 1
        return self.last(x) * self.asked


class Slightly(nn.Module):  # type: ignore[misc]
    """A little noise, as of an autoencoder that is not told that it is not trained any more."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(x + torch.randn_like(x) * 1e-3)


class Writing(nn.Module):  # type: ignore[misc]
    """It writes into its input."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x[:, 0] = 0
        return self.last(x.mul_(2))


class Double(nn.Module):  # type: ignore[misc]
    """Double precision, by an activation that the engine has in single precision alone, or by none."""

    def __init__(self, activation: Any = None) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 3), activation or nn.Identity()).double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class DoubleGelu(Double):
    def __init__(self) -> None:
        super().__init__(nn.GELU())


class Choosing(nn.Module):  # type: ignore[misc]
    """It answers for some rows only."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 1)
        nn.init.constant_(self.last.weight, 1.0)
        nn.init.constant_(self.last.bias, 0.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.last(x)[:, 0]
        return scores[scores > 0]
