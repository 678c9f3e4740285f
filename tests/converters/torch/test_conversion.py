"""torch models of three kinds of files: the graph answers as the model does, at several batch sizes."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from tests.converters.hostile_torch import edited
from tests.converters.jobs import array_of, assert_answers_alike, do
from tests.converters.torch import modules

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
    (taken,) = done.signature["inputs"]
    assert taken["shape"] == ["batch", 1, 8, 8]
    assert taken["limits"] == {"batch": [0, 64]}
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


class Named(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, rows: torch.Tensor) -> dict[str, Any]:
        scores = self.last(rows)
        return {"logits": scores, "rows": rows + 1, "more": {"class": scores.argmax(1)}}


BATCH = ({0: torch.export.Dim("batch", min=1, max=64)},)


def test_answers_in_a_dict_keep_the_names_of_its_keys(tmp_path: Path) -> None:
    done = do(tmp_path / "job", exported(tmp_path / "model.pt2", Named(), (torch.ones(2, 4),), BATCH))
    assert_answers_alike(done)
    names = [spec["name"] for spec in done.signature["outputs"]]
    assert names == ["logits", "rows_out", "more_class"]
    assert done.result["notes"] == []


@pytest.mark.parametrize("layer", [nn.Dropout(0.5), nn.BatchNorm1d(4), nn.RReLU()])
def test_refuses_a_program_that_was_exported_in_training_mode(layer: nn.Module, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = nn.Sequential(nn.Linear(4, 4), layer).train()
        program = torch.export.export(module, (torch.ones(2, 4),), dynamic_shapes=BATCH)
        torch.export.save(program, tmp_path / "model.pt2")
    error = do(tmp_path / "job", tmp_path / "model.pt2").error
    assert "was exported in training mode" in error["message"]
    assert "model.eval()" in error["hint"]
    assert do(tmp_path / "look", tmp_path / "model.pt2", action="inspect").result["ok"]


def test_a_recurrent_network_without_dropout_is_the_same_in_training_mode(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(Recurrent().train(), (torch.ones(2, 6, 4),), dynamic_shapes=BATCH)
        torch.export.save(program, tmp_path / "model.pt2")
    assert_answers_alike(do(tmp_path / "job", tmp_path / "model.pt2"))


class Noise(nn.Module):  # type: ignore[misc]
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows + torch.randn_like(rows)


def test_refuses_a_model_that_draws_random_numbers(tmp_path: Path) -> None:
    path = exported(tmp_path / "model.pt2", Noise(), (torch.ones(2, 4),), BATCH)
    assert "it draws random numbers" in do(tmp_path / "job", path).error["message"]


def test_an_index_out_of_a_table_is_a_mistake_of_the_samples(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Embedding(5, 3))
    path = exported(tmp_path / "model.pt2", module, (torch.ones(2, 6, dtype=torch.int64),), BATCH)
    np.save(tmp_path / "rows.npy", np.full((4, 6), 7))
    error = do(tmp_path / "job", path, samples=str(tmp_path / "rows.npy")).error
    assert error["kind"] == "SamplesError"
    assert "index out of range" in error["message"]


def test_made_places_lie_inside_the_smallest_table_that_they_are_for(tmp_path: Path) -> None:
    class Two(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.large, self.small = nn.Embedding(50, 3), nn.Embedding(3, 4)

        def forward(self, word: torch.Tensor, kind: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.large(word), self.small(kind.long().unsqueeze(1)).squeeze(1)], dim=-1)

    example = (torch.ones(2, 6, dtype=torch.int64), torch.ones(2, 6, dtype=torch.int32))
    done = do(tmp_path / "job", exported(tmp_path / "model.pt2", Two(), example, ({0: BATCH[0][0]},) * 2))
    assert_answers_alike(done)
    last = {name: array_of(tensor) for name, tensor in done.cases[-1]["inputs"].items()}
    assert last["word"].max() > 10
    assert set(last["kind"].ravel().tolist()) == {0, 1, 2}


@pytest.mark.parametrize("form", ["script", "weights"])
def test_samples_that_the_model_does_not_take_are_named_so(form: str, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.ones((4, 3), dtype=np.float32))
    (tmp_path / "taking_factory.py").write_text("from torch import nn\ndef build(): return nn.Linear(4, 3)\n")
    options: dict[str, Any] = {"samples": str(tmp_path / "rows.npy"), "import_paths": [str(tmp_path)]}
    if form == "script":
        scripted(tmp_path / "model.pt", nn.Linear(4, 3))
    else:
        torch.save(nn.Linear(4, 3).state_dict(), tmp_path / "model.pt")
        options["torch_model"] = "taking_factory:build"
    error = do(tmp_path / "job", tmp_path / "model.pt", **options).error
    assert error["kind"] == "SamplesError"
    assert error["message"].startswith("The model does not take the sample rows: ")
    assert "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x3)" in error["message"]
    assert "Traceback" not in error["message"]


def test_a_program_of_another_device_is_named_so(tmp_path: Path) -> None:
    def moved(document: dict[str, Any]) -> None:
        tensors = document["graph_module"]["graph"]["tensor_values"]
        for tensor in tensors.values():
            tensor["device"] = {"type": "cuda", "index": 0}

    (tmp_path / "model.pt2").write_bytes(edited(moved))
    error = do(tmp_path / "job", tmp_path / "model.pt2").error
    assert error["kind"] == "SourceError"
    assert "was exported on 'cuda'" in error["message"]
    assert "move_to_device_pass" in error["hint"]


def test_a_program_of_half_precision_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    path = exported(tmp_path / "model.pt2", nn.Linear(4, 3).bfloat16(), (torch.ones(2, 4).bfloat16(),), BATCH)
    error = do(tmp_path / "job", path).error
    assert error["kind"] == "ConversionError"
    assert "uses bfloat16 tensors" in error["message"]
    assert error["hint"] == "convert it to float32"


def test_an_export_that_went_static_with_one_row_keeps_its_one_row(tmp_path: Path) -> None:
    """The batch of one is baked in without a word; the signature says so, and no other batch is taken."""
    path = exported(tmp_path / "model.pt2", Recurrent(), (torch.ones(1, 6, 4),))
    done = do(tmp_path / "job", path)
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == [1, 6, 4]
    assert "without a free batch" in done.result["notes"][0]


def test_made_texts_are_no_longer_than_the_program_allows(tmp_path: Path) -> None:
    """Its learned places end at 12, which the program knows."""
    free = {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}
    example = torch.ones(2, 8, dtype=torch.int64)
    done = do(
        tmp_path / "job", exported(tmp_path / "model.pt2", modules.Words(), (example, None), (free, None))
    )
    assert_answers_alike(done)
    assert {case["inputs"]["ids"]["shape"][1] for case in done.cases} == {6, 12}


class Branching(nn.Module):  # type: ignore[misc]
    """An exported program keeps the branch of its example, and says so by a limit of the size."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows.sum(1) if rows.shape[1] > 5 else rows.mean(1)


def test_a_branch_that_was_kept_limits_the_sizes_that_are_taken(tmp_path: Path) -> None:
    free = {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}
    done = do(
        tmp_path / "job", exported(tmp_path / "model.pt2", Branching(), (torch.ones(3, 9, 2),), (free,))
    )
    assert_answers_alike(done)
    (rows,) = done.signature["inputs"]
    assert rows["limits"] == {rows["shape"][1]: [6, None]}


class Centred(nn.Module):  # type: ignore[misc]
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows - rows.mean(0, keepdim=True)


def test_a_program_whose_rows_follow_from_each_other_has_no_batch(tmp_path: Path) -> None:
    done = do(tmp_path / "job", exported(tmp_path / "model.pt2", Centred(), (torch.ones(2, 4),), BATCH))
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == ["dim_0", 4]


class Doubling(nn.Module):  # type: ignore[misc]
    """It writes into its input."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows.mul_(2) + 1


def test_a_program_that_writes_into_its_input_answers_alike(tmp_path: Path) -> None:
    done = do(tmp_path / "job", exported(tmp_path / "model.pt2", Doubling(), (torch.ones(2, 4),), BATCH))
    assert_answers_alike(done)
    last = done.cases[-1]
    assert np.array_equal(array_of(last["outputs"]["output"]), array_of(last["inputs"]["rows"]) * 2 + 1)


class Pair(nn.Module):  # type: ignore[misc]
    def forward(self, rows: torch.Tensor) -> Any:
        return rows + 1, (rows.sum(1), rows.argmax(1))


def test_answers_in_a_tuple_are_numbered_as_a_module_would_number_them(tmp_path: Path) -> None:
    done = do(tmp_path / "job", exported(tmp_path / "model.pt2", Pair(), (torch.ones(2, 4),), BATCH))
    assert_answers_alike(done)
    assert [spec["name"] for spec in done.signature["outputs"]] == ["output_0", "output_1_0", "output_1_1"]
