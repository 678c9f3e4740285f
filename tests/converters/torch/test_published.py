"""torch weights and scripts that nobody here wrote, with small modules of our own around the weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import published
from tests.converters.jobs import array_of, assert_answers_alike, do
from tests.packages import Published

pytestmark = pytest.mark.network

FACTORIES = """
import torch
from torch import nn
from torch.nn import functional


class Proposals(nn.Module):
    def __init__(self):
        super().__init__()
        for at, (given, made) in enumerate([(3, 10), (10, 16), (16, 32)], start=1):
            self.add_module(f"conv{at}", nn.Conv2d(given, made, 3))
            self.add_module(f"prelu{at}", nn.PReLU(made))
        self.conv4_1, self.conv4_2 = nn.Conv2d(32, 2, 1), nn.Conv2d(32, 4, 1)

    def forward(self, pixels):
        seen = functional.max_pool2d(self.prelu1(self.conv1(pixels)), 2, 2, ceil_mode=True)
        seen = self.prelu3(self.conv3(self.prelu2(self.conv2(seen))))
        return {"boxes": self.conv4_2(seen), "faces": self.conv4_1(seen).softmax(1)}


class Voices(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.linear = nn.LSTM(40, 256, 3, batch_first=True), nn.Linear(256, 256)
        self.similarity_weight = nn.Parameter(torch.ones(1))
        self.similarity_bias = nn.Parameter(torch.ones(1))

    def forward(self, mels):
        _, (last, _) = self.lstm(mels)
        return functional.normalize(self.linear(last[-1]).relu(), dim=1)


class Pitch(nn.Module):
    def __init__(self):
        super().__init__()
        self.sizes = [1, 128, 16, 16, 16, 32, 64]
        for at in range(1, 7):
            kernel, step = ((512, 1), (4, 1)) if at == 1 else ((64, 1), (1, 1))
            self.add_module(f"conv{at}", nn.Conv2d(self.sizes[at - 1], self.sizes[at], kernel, step))
            self.add_module(f"conv{at}_BN", nn.BatchNorm2d(self.sizes[at], eps=1e-3))
        self.classifier = nn.Linear(256, 360)

    def forward(self, frames):
        seen = frames[:, None, :, None]
        for at in range(1, 7):
            seen = functional.pad(seen, (0, 0, 254, 254) if at == 1 else (0, 0, 31, 32))
            seen = getattr(self, f"conv{at}")(seen).relu()
            seen = functional.max_pool2d(getattr(self, f"conv{at}_BN")(seen), (2, 1))
        return self.classifier(seen.permute(0, 2, 1, 3).flatten(1)).sigmoid()
"""

# Each with its module and the shape of its samples, and the shape that its input has then.
MODELS: dict[str, tuple[Published, tuple[int, ...], list[Any]]] = {
    "Proposals": (published.FACENET_PNET, (3, 3, 32, 40), ["batch", 3, "dim_2", "dim_3"]),
    "Voices": (published.VOICE_ENCODER, (3, 12, 40), ["batch", "dim_2", 40]),
    "Pitch": (published.CREPE_TINY, (3, 1024), ["batch", 1024]),
}


@pytest.mark.parametrize("name", MODELS)
def test_published_weights_answer_alike(name: str, tmp_path: Path) -> None:
    weights, sizes, shape = MODELS[name]
    (tmp_path / "published_factories.py").write_text(FACTORIES)
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=sizes).astype(np.float32))
    options = {"torch_model": f"published_factories:{name}", "import_paths": [str(tmp_path)]}
    done = do(tmp_path / "job", weights.fetch(), samples=str(tmp_path / "rows.npy"), **options)
    assert_answers_alike(done)
    (given,) = done.signature["inputs"]
    assert given["shape"] == shape
    answer = array_of(done.cases[-1]["outputs"][done.signature["outputs"][-1]["name"]])
    assert answer.std() > 0


def test_a_published_script_that_keeps_a_state_is_refused(tmp_path: Path) -> None:
    """Its ONNX twins take the state as an input."""
    np.savez(tmp_path / "rows.npz", x=np.zeros((2, 512), dtype=np.float32), sr=np.array(16000))
    script = published.SILERO_VAD_SCRIPT.fetch()
    error = do(tmp_path / "job", script, samples=str(tmp_path / "rows.npz")).error
    assert error["kind"] == "ConversionError"
    assert "keeps a state between calls (_context, _last_batch_size, _last_sr, _state)" in error["message"]
