"""PyTorch: nets of the usual kinds in each kind of file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.matrix.case import Case, Files

_MODULE = '''"""The module that a user has beside the weights."""

from torch import nn


class {name}(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        {layers}

    def forward(self, {arguments}):
        {body}


def make() -> nn.Module:
    return {name}()
'''
_NETS = {
    "Perceptron": (
        "self.net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))",
        "x",
        "return self.net(x)",
    ),
    "Convolutions": (
        "self.net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), "
        "nn.Flatten(), nn.Linear(36, 10))",
        "x",
        "return self.net(x)",
    ),
    "Residual": (
        "self.a = nn.Conv2d(3, 3, 3, padding=1, groups=3); self.n = nn.BatchNorm2d(3); "
        "self.o = nn.Linear(3, 4)",
        "x",
        "return self.o((x + self.n(self.a(x)).relu()).mean((2, 3)))",
    ),
    "Recurrent": (
        "self.net = nn.LSTM(6, 8, batch_first=True, bidirectional=True); self.out = nn.Linear(16, 3)",
        "x",
        "return self.out(self.net(x)[0][:, -1])",
    ),
    "Gated": (
        "self.net = nn.GRU(6, 8, batch_first=True); self.out = nn.Linear(8, 2)",
        "x",
        "return self.out(self.net(x)[0])",
    ),
    "Transformer": (
        "self.words = nn.Embedding(50, 16); layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True); "
        "self.net = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False); self.out = nn.Linear(16, 3)",
        "tokens",
        "return self.out(self.net(self.words(tokens)).mean(1))",
    ),
    "TwoInputs": (
        "self.a = nn.Linear(4, 8); self.b = nn.Linear(3, 8); self.o = nn.Linear(8, 2)",
        "image, table",
        "h = self.a(image) + self.b(table); return {'score': self.o(h), 'state': h.tanh()}",
    ),
}


def _samples(name: str) -> dict[str, Any]:
    random = np.random.default_rng(0)

    def noise(*shape: int) -> Any:
        return random.normal(size=shape).astype(np.float32)

    made: dict[str, Callable[[], dict[str, Any]]] = {
        "Perceptron": lambda: {"x": noise(12, 8)},
        "Convolutions": lambda: {"x": noise(12, 1, 8, 8)},
        "Residual": lambda: {"x": noise(6, 3, 12, 12)},
        "Recurrent": lambda: {"x": noise(8, 10, 6)},
        "Gated": lambda: {"x": noise(8, 10, 6)},
        "Transformer": lambda: {"tokens": random.integers(0, 50, (8, 12))},
        "TwoInputs": lambda: {"image": noise(8, 4), "table": noise(8, 3)},
    }
    return made[name]()


def _built(name: str, folder: Path) -> Any:
    """The net, out of the module file that is written beside its weights."""
    import importlib.util

    import torch

    layers, arguments, body = _NETS[name]
    path = folder / f"{name.lower()}_net.py"
    layers = layers.replace("; ", "\n        ")
    path.write_text(
        _MODULE.format(name=name, layers=layers, arguments=arguments, body=body.replace("; ", "\n        ")),
        encoding="utf-8",
    )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.manual_seed(0)
    net: Any = module.make()
    return net.eval()


def _weights(name: str, **changes: Any) -> Case:
    def make(folder: Path) -> Files:
        import torch

        torch.save(_built(name, folder).state_dict(), folder / "weights.pt")
        np.savez(folder / "rows.npz", **_samples(name))
        factory = f"{name.lower()}_net:make"
        return Files(folder / "weights.pt", {"torch_model": factory, "samples": folder / "rows.npz"})

    return Case("PyTorch", f"{name} (state_dict)", make, **changes)


def _program(name: str, free: Callable[[Any], tuple[Any, ...]], **changes: Any) -> Case:
    """An ExportedProgram; ``free`` says which dimensions stay free."""

    def make(folder: Path) -> Files:
        import torch

        given = tuple(torch.from_numpy(array[:2]) for array in _samples(name).values())
        program = torch.export.export(_built(name, folder), given, dynamic_shapes=free(torch.export.Dim))
        torch.export.save(program, folder / "model.pt2")
        return Files(folder / "model.pt2")

    return Case("PyTorch", f"{name} (.pt2)", make, **changes)


def _script(name: str, **changes: Any) -> Case:
    def make(folder: Path) -> Files:
        import torch

        given = tuple(torch.from_numpy(array[:2]) for array in _samples(name).values())
        torch.jit.trace(_built(name, folder), given).save(str(folder / "model.pt"))
        np.savez(folder / "rows.npz", **_samples(name))
        return Files(folder / "model.pt", {"samples": folder / "rows.npz"})

    return Case("PyTorch", f"{name} (TorchScript)", make, **changes)


CASES = [
    _weights("Perceptron"),
    _weights("Convolutions"),
    _weights("Recurrent"),
    _weights("Transformer"),
    _weights("TwoInputs"),
    _program("Perceptron", lambda dim: ({0: dim("batch")},)),
    _program("Convolutions", lambda dim: ({0: dim("batch")},)),
    _program("Residual", lambda dim: ({0: dim("batch"), 2: dim("height", min=3), 3: dim("width", min=3)},)),
    _program("Transformer", lambda dim: ({0: dim("batch"), 1: dim("words", min=2)},)),
    _program("TwoInputs", lambda dim: ({0: (batch := dim("batch"))}, {0: batch})),
    _script("Convolutions"),
    _script("Gated"),
    _weights("Perceptron", format="tflite"),
    _weights("Convolutions", format="tflite"),
    _weights("Recurrent", format="tflite"),
    _weights("Transformer", format="tflite"),
]
