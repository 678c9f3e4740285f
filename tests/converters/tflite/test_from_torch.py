"""PyTorch to TFLite: the source's names, types and answers, and its batch where a file with it free holds."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from packager.converters.tensors import Array
from tests.converters.jobs import Done, do
from tests.converters.tflite.answers import assert_answers_alike
from tests.published import FACENET_PNET

RANDOM = np.random.default_rng(0)
NETS = '''
import torch
from torch import nn


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTM(6, 8, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.cell(x)[0][:, -1])


class Texts(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(50, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, dropout=0.0)
        self.head = nn.Linear(16, 4)

    def forward(self, words):
        return self.head(self.layer(self.table(words)).mean(1))


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 3), nn.Linear(5, 3)

    def forward(self, a, b):
        product = self.one(a) * self.two(b)
        return {"product": product, "best": product.argmax(1), "positive": product > 0}


def image():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, groups=8, padding=1), nn.Flatten(), nn.Linear(72, 10), nn.Softmax(-1),
    )


def dense():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


class Faces(nn.Module):
    """The first network of MTCNN, for the weights that facenet-pytorch publishes."""

    def __init__(self):
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 10, 3), nn.PReLU(10)
        self.pool1 = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.conv4_1, self.conv4_2 = nn.Conv2d(32, 2, 1), nn.Conv2d(32, 4, 1)

    def forward(self, x):
        x = self.pool1(self.prelu1(self.conv1(x)))
        x = self.prelu3(self.conv3(self.prelu2(self.conv2(x))))
        return torch.softmax(self.conv4_1(x), 1), self.conv4_2(x)
'''
SAMPLES: dict[str, dict[str, Array]] = {
    "dense": {"x": RANDOM.normal(size=(9, 4)).astype(np.float32)},
    "image": {"x": RANDOM.normal(size=(9, 1, 8, 8)).astype(np.float32)},
    "Recurrent": {"x": RANDOM.normal(size=(9, 5, 6)).astype(np.float32)},
    "Texts": {"words": RANDOM.integers(0, 50, (9, 7))},
    "Pair": {
        "a": RANDOM.normal(size=(9, 4)).astype(np.float32),
        "b": RANDOM.normal(size=(9, 5)).astype(np.float32),
    },
    "Faces": {"x": RANDOM.normal(size=(3, 3, 24, 24)).astype(np.float32)},
}


@dataclass(frozen=True)
class Nets:
    """Each network's module and sample rows, in one folder."""

    folder: Path
    module: Any

    def build(self, name: str) -> Any:
        torch.manual_seed(0)
        return getattr(self.module, name)().eval()

    def weights(self, name: str, place: str, state: Path | None = None, **changes: Any) -> Done:
        if state is None:
            state = self.folder / f"{name}.pt"
            torch.save(self.build(name).state_dict(), state)
        return self.convert(state, name, place, torch_model=f"tflite_nets:{name}", **changes)

    def convert(self, source: Path, name: str, place: str, **changes: Any) -> Done:
        np.savez(self.folder / f"{name}.npz", **SAMPLES[name])  # type: ignore[arg-type]
        given = {"samples": str(self.folder / f"{name}.npz"), "import_paths": [str(self.folder)]}
        return do(self.folder / place, source, **{"format": "tflite", **given, **changes})

    def program(self, name: str, dims: dict[int, Any]) -> Path:
        example = tuple(torch.from_numpy(array[:2]) for array in SAMPLES[name].values())
        shapes = tuple(dims for _ in example)
        made = torch.export.export(self.build(name), example, dynamic_shapes=shapes)
        torch.export.save(made, self.folder / f"{name}.pt2")
        return self.folder / f"{name}.pt2"


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Nets:
    import importlib.util

    folder = tmp_path_factory.mktemp("nets")
    (folder / "tflite_nets.py").write_text(NETS, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("tflite_nets_of_the_tests", folder / "tflite_nets.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Nets(folder, module)


def shapes(done: Done, side: str) -> dict[str, tuple[str, list[Any]]]:
    return {one["name"]: (one["dtype"], one["shape"]) for one in done.signature[side]}


def test_a_dense_network_takes_any_number_of_rows(nets: Nets) -> None:
    done = nets.weights("dense", "dense")
    assert_answers_alike(done)
    assert shapes(done, "inputs") == {"input": ("float32", ["batch", 4])}
    assert shapes(done, "outputs") == {"output": ("float32", ["batch", 3])}


def test_an_image_network_takes_any_number_of_rows_as_they_were(nets: Nets) -> None:
    done = nets.weights("image", "image")
    assert_answers_alike(done)
    assert shapes(done, "inputs") == {"input": ("float32", ["batch", 1, 8, 8])}


def test_a_recurrent_network_takes_one_row_of_the_samples_length(nets: Nets) -> None:
    done = nets.weights("Recurrent", "recurrent")
    assert_answers_alike(done)
    assert shapes(done, "inputs") == {"x": ("float32", [1, 5, 6])}
    assert len(done.cases) == len(SAMPLES["Recurrent"]["x"])
    assert "TFLite keeps the sizes of the samples: x [1, 5, 6]" in done.result["notes"]


def test_a_transformer_takes_whole_numbers_of_the_same_type(nets: Nets) -> None:
    done = nets.weights("Texts", "texts")
    assert_answers_alike(done)
    assert shapes(done, "inputs") == {"words": ("int64", [1, 7])}


def test_several_inputs_and_outputs_keep_their_names_and_types(nets: Nets) -> None:
    done = nets.weights("Pair", "pair")
    assert_answers_alike(done)
    assert shapes(done, "inputs") == {"a": ("float32", ["batch", 4]), "b": ("float32", ["batch", 5])}
    assert shapes(done, "outputs") == {
        "product": ("float32", ["batch", 3]),
        "best": ("int64", ["batch"]),
        "positive": ("bool", ["batch", 3]),
    }


def test_a_program_needs_no_samples_where_only_the_batch_is_free(nets: Nets) -> None:
    source = nets.program("image", {0: torch.export.Dim("batch", min=1, max=64)})
    done = nets.convert(source, "image", "program", samples=None)
    assert_answers_alike(done)
    assert shapes(done, "inputs")["input"] == ("float32", ["batch", 1, 8, 8])


def test_a_program_with_a_free_length_needs_samples(nets: Nets) -> None:
    dims = {0: torch.export.Dim("batch", min=1, max=64), 1: torch.export.Dim("length", min=2, max=64)}
    source = nets.program("Texts", dims)
    error = nets.convert(source, "Texts", "length", samples=None).error
    assert error["kind"] == "SamplesError"
    assert "TFLite keeps every size but the batch" in error["message"]
    done = nets.convert(source, "Texts", "length_of_samples")
    assert_answers_alike(done)
    assert shapes(done, "inputs")["words"] == ("int64", [1, 7])


def test_a_script_is_converted_as_the_module_that_it_was(nets: Nets) -> None:
    path = nets.folder / "script.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(nets.build("image")), path)
    done = nets.convert(path, "image", "script")
    assert_answers_alike(done)
    assert shapes(done, "inputs")["input"] == ("float32", ["batch", 1, 8, 8])


def test_a_published_network_answers_as_its_source(nets: Nets) -> None:
    done = nets.weights("Faces", "faces", FACENET_PNET.fetch())
    assert_answers_alike(done)
    assert done.result["accuracy"] is None


def test_the_file_says_nothing_of_the_code_and_is_the_same_each_time(nets: Nets) -> None:
    files = [
        (nets.weights("Recurrent", place).folder / "model.tflite").read_bytes()
        for place in ("first", "again")
    ]
    assert files[0] == files[1]
    for word in (b"Recurrent", b"tflite_nets", b"LSTM", str(nets.folder).encode()):
        assert word not in files[0]


class Sorted(nn.Module):  # type: ignore[misc]
    """What litert-torch has no operator for."""

    def forward(self, x: Any) -> Any:
        return torch.linalg.svdvals(x)


def test_refuses_by_name_what_litert_torch_cannot_express(nets: Nets) -> None:
    rows = torch.randn(2, 3, 3)
    program = torch.export.export(Sorted(), (rows,))
    torch.export.save(program, nets.folder / "sorted.pt2")
    error = do(nets.folder / "sorted", nets.folder / "sorted.pt2", format="tflite").error
    assert error["kind"] == "ConversionError"
    assert "litert-torch cannot convert this model" in error["message"]
    assert not (nets.folder / "sorted" / "model.tflite").exists()
