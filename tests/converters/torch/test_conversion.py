"""torch models of three kinds of files: the graph answers as the model does, at several batch sizes."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from tests.converters.jobs import array_of, assert_answers_alike, do

FACTORY = """
import torch

def build():
    torch.manual_seed(5)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Dropout(0.5),
        torch.nn.Flatten(), torch.nn.Linear(256, 10),
    )

def number():
    return 7
"""


def network() -> nn.Module:
    made: dict[str, Any] = {}
    exec(FACTORY, made)
    module: nn.Module = made["build"]()
    return module.eval()


class Words(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(30, 16)
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.last = nn.Linear(16, 3)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen = self.encoder(self.embedding(ids), src_key_padding_mask=mask)
        return self.last(seen.mean(1)), seen


class Recurrent(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 8, batch_first=True, bidirectional=True)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.lstm(rows)[0][:, -1]


def exported(path: Path, module: nn.Module, example: tuple[Any, ...], shapes: Any = None) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(module.eval(), example, dynamic_shapes=shapes), path)
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(20, 1, 8, 8)).astype(np.float32))
    return tmp_path / "rows.npy"


@pytest.mark.parametrize("with_samples", [True, False])
def test_an_exported_network_answers_alike(with_samples: bool, images: Path, tmp_path: Path) -> None:
    shapes = ({0: torch.export.Dim("batch", min=1, max=64)},)
    path = exported(tmp_path / "model.pt2", network(), (torch.ones(2, 1, 8, 8),), shapes)
    done = do(tmp_path / "job", path, samples=str(images) if with_samples else None)
    assert_answers_alike(done)
    assert done.signature["inputs"] == [{"name": "input", "dtype": "float32", "shape": ["batch", 1, 8, 8]}]
    wanted = {"name": "output", "dtype": "float32", "shape": ["batch", 10], "role": "prediction"}
    assert done.signature["outputs"] == [wanted]
    assert [case["inputs"]["input"]["shape"][0] for case in done.cases][:2] == [1, 7]
    assert done.result["source"]["written_by"] == torch.__version__


def test_the_graph_holds_no_paths_and_is_the_same_each_time(tmp_path: Path) -> None:
    path = exported(
        tmp_path / "model.pt2", network(), (torch.ones(2, 1, 8, 8),), ({0: torch.export.Dim.DYNAMIC},)
    )
    first, again = (do(tmp_path / name, path).folder / "model.onnx" for name in ("a", "b"))
    assert first.read_bytes() == again.read_bytes()
    assert b".py" not in first.read_bytes()
    model = onnx.load(first)
    assert model.ir_version <= 8
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)


def test_a_program_with_a_fixed_batch_stays_fixed_and_says_so(images: Path, tmp_path: Path) -> None:
    path = exported(tmp_path / "model.pt2", network(), (torch.ones(4, 1, 8, 8),))
    done = do(tmp_path / "job", path, samples=str(images))
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == [4, 1, 8, 8]
    assert len(done.cases) == 5
    assert "without a free batch" in done.result["notes"][0]


def test_a_program_with_two_free_sizes_two_inputs_and_two_outputs_answers_alike(tmp_path: Path) -> None:
    example = (torch.ones(2, 5, dtype=torch.int64), torch.zeros(2, 5, dtype=torch.bool))
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    done = do(tmp_path / "job", exported(tmp_path / "model.pt2", Words(), example, (free, free)))
    assert_answers_alike(done)
    assert [spec["shape"] for spec in done.signature["inputs"]] == [["batch", "dim_2"]] * 2
    assert [spec["role"] for spec in done.signature["outputs"]] == ["tensor", "tensor"]
    assert {array_of(case["inputs"]["ids"]).shape[1] for case in done.cases} == {16, 24}


def test_a_recurrent_network_answers_alike(tmp_path: Path) -> None:
    path = exported(
        tmp_path / "model.pt2", Recurrent(), (torch.ones(2, 6, 4),), ({0: torch.export.Dim.DYNAMIC},)
    )
    assert_answers_alike(do(tmp_path / "job", path))


def scripted(path: Path, module: nn.Module) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(module), path)
    return path


def test_a_script_module_answers_alike(images: Path, tmp_path: Path) -> None:
    done = do(tmp_path / "job", scripted(tmp_path / "model.pt", network()), samples=str(images))
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == ["batch", 1, 8, 8]


def test_a_script_module_asks_for_samples(tmp_path: Path) -> None:
    path = scripted(tmp_path / "model.pt", network())
    error = do(tmp_path / "job", path).error
    assert error["kind"] == "SamplesError"
    assert "does not say the shapes of its inputs" in error["message"]
    assert (
        do(tmp_path / "look", path, action="inspect").result["source"]["description"]
        == "ScriptModule(Sequential)"
    )


@pytest.mark.parametrize("form", ["zip", "old", "checkpoint", "parallel"])
def test_weights_with_a_factory_answer_alike(form: str, images: Path, tmp_path: Path) -> None:
    weights = network().state_dict()
    contents: dict[str, Any] = {
        "zip": weights,
        "old": weights,
        "checkpoint": {"epoch": 3, "state_dict": weights},
    }
    contents["parallel"] = {f"module.{name}": tensor for name, tensor in weights.items()}
    torch.save(contents[form], tmp_path / "model.pth", _use_new_zipfile_serialization=form != "old")
    (tmp_path / f"factory_{form}.py").write_text(FACTORY)
    options = {
        "torch_model": f"factory_{form}:build",
        "import_paths": [str(tmp_path)],
        "samples": str(images),
    }
    done = do(tmp_path / "job", tmp_path / "model.pth", **options)
    assert_answers_alike(done)
    with torch.no_grad():
        own = network()(torch.from_numpy(array_of(done.cases[-1]["inputs"]["input"]).copy())).numpy()
    assert np.array_equal(own, array_of(done.cases[-1]["outputs"]["output"]))


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        (None, "and not the model that they belong to"),
        ("wrong_factory:nothing", "cannot be imported"),
        ("no_such_module:build", "cannot be imported"),
        ("wrong_factory", "not module:factory"),
        ("wrong_factory:number", "gave a int, not a torch.nn.Module"),
        ("wrong_factory:torch.nn.Flatten", "do not fit"),
    ],
)
def test_refuses_weights_without_a_fitting_factory(
    factory: str | None, words: str, images: Path, tmp_path: Path
) -> None:
    torch.save(network().state_dict(), tmp_path / "model.pth")
    (tmp_path / "wrong_factory.py").write_text(FACTORY)
    options = {"torch_model": factory, "import_paths": [str(tmp_path)], "samples": str(images)}
    error = do(tmp_path / "job", tmp_path / "model.pth", **options).error
    assert error["kind"] == "ConversionError"
    assert words in error["message"]


def test_inspects_weights_without_their_model(tmp_path: Path) -> None:
    torch.save(network().state_dict(), tmp_path / "model.pth")
    result = do(tmp_path / "job", tmp_path / "model.pth", action="inspect").result
    assert result["ok"]
    assert "torch._utils._rebuild_tensor_v2" in result["source"]["loads"]


def test_refuses_samples_of_another_shape(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.ones((4, 3), dtype=np.float32))
    error = do(
        tmp_path / "job", scripted(tmp_path / "model.pt", network()), samples=str(tmp_path / "rows.npy")
    ).error
    assert "does not take the sample rows" in error["message"]


def test_refuses_a_damaged_program(tmp_path: Path) -> None:
    data = exported(tmp_path / "model.pt2", network(), (torch.ones(2, 1, 8, 8),)).read_bytes()
    for at in range(100, len(data), len(data) // 12):
        (tmp_path / "cut.pt2").write_bytes(data[:at])
        assert do(tmp_path / "job", tmp_path / "cut.pt2").error["kind"] in ("SourceError", "UnsafeModelError")
