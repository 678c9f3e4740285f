"""Jobs that prune a torch model before they convert it."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from tests import published
from tests.converters.jobs import Done, array_of, do
from tests.converters.torch import pruned_modules
from tests.converters.torch.test_published import FACTORIES

HERE = "tests.converters.torch.pruned_modules"
CHANNELS = {"kind": "prune_channels", "share": 0.5, "round_to": 4, "globally": False}
WEIGHTS = {"kind": "prune_weights", "mode": "magnitude", "sparsity": 0.5}
PLAIN = {"exclude": [], "imitate": 0, "train": None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits that are trained, layers that are not, and rows for both."""
    made = tmp_path_factory.mktemp("pruning")
    trained = pruned_modules.seeded(pruned_modules.Digits)
    pruned_modules.fit(trained, 3)
    torch.save(trained.eval().state_dict(), made / "Digits.pth")
    np.save(made / "Digits.npy", pruned_modules.digits()[0][1200:1500])
    torch.save(pruned_modules.seeded(pruned_modules.Layers).state_dict(), made / "Layers.pth")
    np.save(made / "Layers.npy", pruned_modules.numbers(80, 8))
    return made


def pruned(folder: Path, job: Path, name: str, *passes: dict[str, Any], **changes: Any) -> Done:
    request = {
        "samples": str(folder / f"{name}.npy"),
        "torch_model": f"{HERE}:{name}",
        "import_paths": [str(Path.cwd()), str(job.parent)],
        "passes": [PLAIN | one for one in passes],
    }
    return do(job, folder / f"{name}.pth", **request | changes)


def weights(done: Done) -> dict[str, Any]:
    model = onnx.load(done.folder / "model.onnx")
    return {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}


def answers(done: Done, rows: Any) -> Any:
    from onnxruntime import InferenceSession

    session = InferenceSession(str(done.folder / "model.onnx"), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: rows})[0]


def the_model(folder: Path, kind: Any) -> Any:
    module = kind()
    module.load_state_dict(torch.load(folder / f"{kind.__name__}.pth", weights_only=True))
    return module.eval()


def test_the_graph_is_narrower_and_the_answers_stay_those_of_the_source(folder: Path, tmp_path: Path) -> None:
    changes = {"evaluation_rows": 100, "calibration_rows": 64}
    done = pruned(folder, tmp_path / "job", "Digits", CHANNELS | {"imitate": 100}, **changes)
    assert done.result["ok"], done.result
    (applied,) = done.result["applied"]
    assert applied["layers"] == ["back", "depth", "first.0", "inside.0", "point.1"]
    assert applied["detail"].endswith("100 steps towards the answers of the whole model to 200 rows")
    assert {held.shape[0] for held in weights(done).values() if held.ndim == 4} - {1} == {8, 12, 16}
    source = the_model(folder, pruned_modules.Digits)
    for cases in (done.cases, json.loads((done.folder / "evaluation.json").read_text())["cases"]):
        rows, own = (
            array_of(cases[-1][key][name]) for key, name in [("inputs", "pixels"), ("outputs", "output")]
        )
        np.testing.assert_allclose(source(torch.from_numpy(rows.copy())).detach(), own, atol=1e-4)
        assert np.abs(answers(done, rows) - own).max() > 0.01


def test_rows_without_labels_bring_accuracy_back(folder: Path, tmp_path: Path) -> None:
    pixels, wanted = (one[1500:] for one in pruned_modules.digits())
    right = []
    for steps in (0, 100):
        done = pruned(folder, tmp_path / f"job{steps}", "Digits", CHANNELS | {"imitate": steps})
        right.append((answers(done, pixels).argmax(1) == wanted).mean())
    assert right[1] > right[0] + 0.1


def test_the_same_job_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    made = [
        pruned(folder, tmp_path / name, "Layers", CHANNELS | {"imitate": 5}).folder / "model.onnx"
        for name in ("first", "second")
    ]
    assert made[0].read_bytes() == made[1].read_bytes()


def test_a_function_of_the_user_trains_the_pruned_module(folder: Path, tmp_path: Path) -> None:
    done = pruned(folder, tmp_path / "job", "Digits", CHANNELS | {"train": f"{HERE}:train"})
    pixels, wanted = (one[1500:] for one in pruned_modules.digits())
    assert done.result["applied"][0]["detail"].endswith(f"trained by {HERE}:train")
    assert (answers(done, pixels).argmax(1) == wanted).mean() > 0.8


def test_a_module_that_the_function_returns_is_taken(folder: Path, tmp_path: Path) -> None:
    done = pruned(folder, tmp_path / "job", "Layers", CHANNELS | {"train": f"{HERE}:copied"})
    bias = the_model(folder, pruned_modules.Layers).last.bias.detach().numpy() + 1
    assert any(held.shape == (3,) and np.allclose(held, bias) for held in weights(done).values())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def train(model):\n    model.nothing.weight += 1\n", "has no attribute 'nothing'"),
        ("import sys\ndef train(model):\n    sys.exit(4)\n", "it ends the process with 4"),
        ("def train(model):\n    return 'done'\n", "gave a str, not a torch.nn.Module"),
        ("def train(model, epochs):\n    pass\n", "missing 1 required positional argument: 'epochs'"),
        ("def other(model):\n    pass\n", "has no attribute 'train'"),
    ],
)
def test_a_function_that_fails_is_named_with_its_reason(
    code: str, words: str, folder: Path, tmp_path: Path
) -> None:
    name = f"failing_training_{len(code)}"
    (tmp_path / f"{name}.py").write_text(code)
    error = pruned(folder, tmp_path / "job", "Layers", CHANNELS | {"train": f"{name}:train"}).error
    assert f"{name}:train" in error["message"]
    assert words in error["message"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("strange", "import torch\ndef train(model):\n    return torch.nn.Linear(3, 3)\n", "it fails"),
        ("halved", "def train(model):\n    model.half()\n", "it "),
        ("shorter", "import torch\ndef train(model):\n    inner = model.forward\n"
         "    model.forward = lambda **given: inner(**given)[:, :2]\n", "it answers with shape"),
    ],
)  # fmt: skip
def test_a_function_that_leaves_another_model_is_to_blame(
    name: str, code: str, said: str, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / f"{name}.py").write_text(code)
    error = pruned(folder, tmp_path / "job", "Layers", CHANNELS | {"train": f"{name}:train"}).error
    assert error["message"].startswith(
        f"After {name}:train the module does not answer as the model does: {said}"
    )


def test_a_function_that_fails_is_named_with_its_own_lines(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "odd_training.py").write_text("def train(model):\n    model(0)\n")
    error = pruned(folder, tmp_path / "job", "Layers", CHANNELS | {"train": "odd_training:train"}).error
    assert error["details"][0] == "odd_training.py, line 2: model(0)"


@pytest.mark.parametrize("train", [f"{HERE}:shifted", None])
def test_masked_weights_are_zero_after_any_training(train: str | None, folder: Path, tmp_path: Path) -> None:
    done = pruned(folder, tmp_path / "job", "Layers", WEIGHTS | {"imitate": 5, "train": train})
    held = [weight for weight in weights(done).values() if weight.ndim == 2]
    zero, total = sum(int((one == 0).sum()) for one in held), sum(one.size for one in held)
    assert total == 8 * 32 + 32 * 3
    assert abs(zero - total / 2) <= 1
    assert done.result["applied"][0]["detail"].startswith(f"{zero} of {total} weights of 2 layers are zero, ")
    own = the_model(folder, pruned_modules.Layers).first.weight.detach().numpy()
    assert not any(np.isin(weight[weight != 0], own).all() for weight in held)


def test_of_every_four_weights_two_are_zero(folder: Path, tmp_path: Path) -> None:
    done = pruned(
        folder, tmp_path / "job", "Layers", WEIGHTS | {"mode": "2:4", "imitate": 1, "exclude": ["last"]}
    )
    (first,) = (one for one in weights(done).values() if set(one.shape) == {8, 32})
    rows = first if first.shape == (32, 8) else first.T
    assert ((rows.reshape(32, 2, 4) == 0).sum(2) == 2).all()
    assert done.result["applied"][0]["left"] == ["last"]


def test_weights_without_any_training_are_pruned_in_the_converted_model(folder: Path, tmp_path: Path) -> None:
    error = pruned(folder, tmp_path / "job", "Layers", WEIGHTS).error
    assert "Neither a function nor rows" in error["message"]
    assert "prune_magnitude" in error["hint"]


def test_passes_follow_one_another(folder: Path, tmp_path: Path) -> None:
    done = pruned(folder, tmp_path / "job", "Layers", CHANNELS, WEIGHTS | {"imitate": 2})
    assert [one["kind"] for one in done.result["applied"]] == ["prune_channels", "prune_weights"]
    assert done.result["applied"][1]["detail"].startswith("88 of 176 weights")


def test_tflite_is_written_from_the_pruned_module(folder: Path, tmp_path: Path) -> None:
    sizes = []
    for name, passes in (("whole", []), ("pruned", [CHANNELS])):
        done = pruned(folder, tmp_path / name, "Layers", *passes, format="tflite")
        assert done.result["ok"], done.result
        sizes.append((done.folder / "model.tflite").stat().st_size)
    assert sizes[0] - sizes[1] > 4 * 8 * 16


def test_a_whole_module_that_is_allowed_is_pruned_alike(folder: Path, tmp_path: Path) -> None:
    torch.save(the_model(folder, pruned_modules.Layers), tmp_path / "model.pt")
    done = do(
        tmp_path / "job",
        tmp_path / "model.pt",
        samples=str(folder / "Layers.npy"),
        allow=[f"{HERE}.Layers"],
        import_paths=[str(Path.cwd())],
        passes=[PLAIN | CHANNELS],
    )
    assert {held.size for held in weights(done).values()} == {16, 16 * 8, 16 * 3, 3}


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_programs_and_scripts_are_refused_by_name(folder: Path, tmp_path: Path) -> None:
    module, rows = the_model(folder, pruned_modules.Layers), (torch.randn(2, 8),)
    torch.export.save(torch.export.export(module, rows), tmp_path / "model.pt2")
    torch.jit.trace(module, rows).save(tmp_path / "model.pt")
    for name, kind in (("model.pt2", "an exported program"), ("model.pt", "a script module")):
        error = do(
            tmp_path / f"job-{name}",
            tmp_path / name,
            samples=str(folder / "Layers.npy"),
            passes=[PLAIN | CHANNELS],
        ).error
        assert f"{name} is {kind}" in error["message"]
        assert "--torch-model" in error["hint"]


def test_a_model_of_another_framework_is_refused_by_name(tmp_path: Path) -> None:
    graph = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 18]>same (float[batch, 2] x) => (float[batch, 2] y) {y = Relu(x)}'
    )
    onnx.save(graph, tmp_path / "model.onnx")
    error = do(tmp_path / "job", tmp_path / "model.onnx", passes=[PLAIN | CHANNELS]).error
    assert "Nothing in model.onnx can be changed by prune_channels" in error["message"]


@pytest.mark.parametrize(
    ("wanted", "environment"), [("onnx", "torch_pruning"), ("tflite", "torch_pruning_tflite")]
)
def test_without_torch_pruning_another_environment_is_asked_for(
    wanted: str, environment: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch_pruning", None)
    error = pruned(folder, tmp_path / "job", "Layers", CHANNELS, format=wanted).error
    assert error["environment"] == environment


@pytest.mark.network
def test_a_published_model_is_pruned_with_its_two_answers(tmp_path: Path) -> None:
    (tmp_path / "pruned_factories.py").write_text(FACTORIES)
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).random((40, 3, 32, 40), dtype=np.float32))
    done = do(
        tmp_path / "job",
        published.FACENET_PNET.fetch(),
        samples=str(tmp_path / "rows.npy"),
        torch_model="pruned_factories:Proposals",
        import_paths=[str(tmp_path)],
        passes=[PLAIN | CHANNELS | {"imitate": 2}],
    )
    assert done.result["ok"], done.result
    assert done.result["applied"][0]["layers"] == ["conv1", "conv2", "conv3"]
    assert [one["name"] for one in done.signature["outputs"]] == ["boxes", "faces"]
    assert sum(held.size for held in weights(done).values()) < 0.5 * 6632
