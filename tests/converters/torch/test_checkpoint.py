"""Files of torch.save: what may stand beside the weights, and whole modules allowed by name."""

import argparse
import collections
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import nn

from tests.converters.hostile_pickles import _Reduced as Reduced
from tests.converters.jobs import Done, array_of, assert_answers_alike, do
from tests.converters.torch.modules import Branching

LINEAR = "from torch import nn\ndef build(): return nn.Linear(4, 3)\n"
OWN = """
import dataclasses
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.settings = Settings()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.BatchNorm1d(8), nn.Linear(8, 3))

    def forward(self, x):
        return self.layers(x) * self.settings.scale

@dataclasses.dataclass
class Settings:
    scale: float = 0.5

def helper(x):
    return x
"""


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32))
    (tmp_path / "linear_factory.py").write_text(LINEAR)
    return {"samples": str(tmp_path / "rows.npy"), "import_paths": [str(tmp_path)]}


def converted(folder: Path, content: Any, options: dict[str, Any], **changes: Any) -> Done:
    torch.save(content, folder / "model.pt")
    return do(folder / "job", folder / "model.pt", **options | changes)


def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return nn.Linear(4, 3).state_dict()


CHECKPOINTS: dict[str, Any] = {
    "numbers_of_numpy": {"epoch": np.int64(3), "best": np.float64(0.5), "state_dict": weights()},
    "arrays": {"mean": np.ones(4, dtype=np.float32), "model": weights()},
    "arguments": {"args": argparse.Namespace(lr=0.1, out=Path("runs/1")), "net": weights()},
    "optimizer": {"optimizer": {"state": {0: torch.ones(2)}}, "epoch": 3, "model_state_dict": weights()},
    "counted": {"seen": collections.Counter(a=1), "model_state": weights()},
    "one_part_under_another_name": {"generator": weights(), "step": 7},
    "weights_as_arrays": {name: tensor.numpy() for name, tensor in weights().items()},
    "halves": {name: tensor.bfloat16() for name, tensor in weights().items()},
}


@pytest.mark.parametrize("name", sorted(CHECKPOINTS))
def test_the_weights_are_found_among_other_things(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    done = converted(tmp_path, CHECKPOINTS[name], options, torch_model="linear_factory:build")
    assert_answers_alike(done)
    rows = array_of(done.cases[-1]["inputs"]["input"])
    own = weights()
    wanted = rows @ own["weight"].numpy().T + own["bias"].numpy()
    tolerance = 2e-2 if name == "halves" else 1e-5
    assert np.abs(wanted - array_of(done.cases[-1]["outputs"]["output"])).max() < tolerance


TIED = """
from torch import nn

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 4)
        self.last.weight = self.first.weight

    def forward(self, x):
        return self.last(self.first(x))
"""


def test_weights_of_safetensors(options: dict[str, Any], tmp_path: Path) -> None:
    save_file(weights(), tmp_path / "model.safetensors")
    path = tmp_path / "model.safetensors"
    done = do(tmp_path / "job", path, **options, torch_model="linear_factory:build")
    assert_answers_alike(done)
    assert done.result["source"]["loads"] == []
    for at in (9, 40, path.stat().st_size - 1):
        (tmp_path / "cut.safetensors").write_bytes(path.read_bytes()[:at])
        cut = do(
            tmp_path / "job", tmp_path / "cut.safetensors", **options, torch_model="linear_factory:build"
        )
        assert (cut.error["kind"], "damaged" in cut.error["message"]) == ("SourceError", True)


def test_a_weight_of_two_names_is_written_once(options: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "tied_factory.py").write_text(TIED)
    made: dict[str, Any] = {}
    exec(TIED, made)
    module = made["Tied"]()
    save_model(module, str(tmp_path / "model.safetensors"))
    path = tmp_path / "model.safetensors"
    done = do(tmp_path / "job", path, **options, torch_model="tied_factory:Tied")
    assert_answers_alike(done)
    rows = torch.from_numpy(array_of(done.cases[-1]["inputs"]["x"]).copy())
    with torch.no_grad():
        own = module(rows).numpy()
    assert np.abs(own - array_of(done.cases[-1]["outputs"]["output"])).max() < 1e-6
    lost = {"first.weight": module.first.weight, "first.bias": module.first.bias}
    error = converted(tmp_path, lost, options, torch_model="tied_factory:Tied").error
    assert "do not fit" in error["message"]


def test_refuses_weights_of_other_numbers(options: dict[str, Any], tmp_path: Path) -> None:
    """torch would take the real part and say nothing."""
    content = {name: tensor.to(torch.complex64) for name, tensor in weights().items()}
    error = converted(tmp_path, content, options, torch_model="linear_factory:build").error
    assert "The weight weight holds complex64 numbers, and the model has float32 there" in error["message"]


def test_refuses_a_checkpoint_without_weights(options: dict[str, Any], tmp_path: Path) -> None:
    error = converted(tmp_path, {"epoch": 3, "losses": [0.1]}, options).error
    assert error["kind"] == "SourceError"
    assert "holds no weights by name: it has 'epoch', 'losses'" in error["message"]


@pytest.mark.parametrize("beside", [False, True])
def test_a_whole_module_of_torchs_own_layers_needs_no_leave(
    beside: bool, options: dict[str, Any], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 2)).eval()
    done = converted(tmp_path, {"model": module, "epoch": 3} if beside else module, options)
    assert_answers_alike(done)
    rows = torch.from_numpy(array_of(done.cases[-1]["inputs"]["input"]).copy())
    with torch.no_grad():
        own = module(rows).numpy()
    assert np.array_equal(own, array_of(done.cases[-1]["outputs"]["output"]))


def test_a_whole_recurrent_module_of_torch(options: dict[str, Any], tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.ones((3, 5, 4), dtype=np.float32))
    assert_answers_alike(converted(tmp_path, nn.GRU(4, 3, batch_first=True).eval(), options))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the user's own code, which the worker can import as the user can."""
    (tmp_path / "own_network.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    import own_network  # type: ignore[import-not-found]

    yield own_network
    del sys.modules["own_network"]


def test_a_whole_module_of_the_users_classes_is_opened_when_each_is_allowed(
    own: Any, options: dict[str, Any], tmp_path: Path
) -> None:
    module = own.Net().eval()
    refused = converted(tmp_path, module, options).error
    assert refused["kind"] == "UnsafeModelError"
    assert refused["details"] == ["own_network.Net", "own_network.Settings"]
    assert "--allow own_network.Net --allow own_network.Settings" in refused["hint"]
    partly = converted(tmp_path, module, options, allow=["own_network.Net"]).error
    assert partly["details"] == ["own_network.Settings"]
    assert_answers_alike(converted(tmp_path, module, options, allow=list(refused["details"])))


def test_functions_are_never_allowed(own: Any, options: dict[str, Any], tmp_path: Path) -> None:
    module = nn.Linear(4, 3)
    module.helper = own.helper
    error = converted(tmp_path, module, options, allow=["own_network.helper"]).error
    assert error["kind"] == "UnsafeModelError"
    assert "names a function" in error["message"]


@pytest.mark.parametrize("name", ["os.system", "subprocess.Popen", "builtins.exec", "posix.system"])
def test_parts_of_python_are_never_allowed(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    module, _, inner = name.rpartition(".")
    called = getattr(__import__(module), inner)
    canary = tmp_path / "it_ran"
    content = {"weight": torch.ones(2), "x": Reduced(called, f"touch {canary}")}
    torch.save(content, tmp_path / "model.pt")
    names = [name, "posix.system", "subprocess.Popen", "builtins.exec"]
    error = do(tmp_path / "job", tmp_path / "model.pt", **options, allow=names).error
    assert error["kind"] == "UnsafeModelError"
    assert not canary.exists()


def test_a_layer_is_never_built_anew(options: dict[str, Any], tmp_path: Path) -> None:
    """A file that calls a layer could ask for one of any size."""
    content = {"weight": torch.ones(2), "x": Reduced(nn.Linear, 10, 10)}
    error = converted(tmp_path, content, options).error
    assert error["kind"] == "UnsafeModelError"
    assert "The file calls torch.nn.modules.linear.Linear" in error["message"]


def test_a_class_of_the_saving_script_is_named_so(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Branching, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Branching", Branching, raising=False)
    error = converted(tmp_path, Branching(), options, allow=["__main__.Branching"]).error
    assert "a class of the script that saved it" in error["message"]
    assert "--torch-model" in error["hint"]
