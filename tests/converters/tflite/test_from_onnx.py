"""Networks in ONNX through onnx2tf, in the environment that is made for it: right, or refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from packager import environments, interpreters, recipes
from packager.environments import Environment
from packager.errors import PackagerError
from packager.worker import Limits, WorkerRequest
from packager.worker import run as run_worker
from tests.converters.jobs import Done, do
from tests.converters.tflite.answers import assert_answers_alike
from tests.packages import Published
from tests.published import MNIST_CONV, MTCNN_ONET, MTCNN_PNET

pytestmark = pytest.mark.network
RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def environment() -> Environment:
    recipe = recipes.recipe("onnx2tf")
    if not any(map(interpreters.find, recipe.pythons)):
        pytest.skip(f"onnx2tf needs Python {' or '.join(recipe.pythons)}, and none is on this machine")
    return environments.find(recipe)


def translated(folder: Path, source: Path, environment: Environment, **changes: Any) -> Done:
    """Both jobs, as the front runs them: the file to ONNX that ships, and that to TFLite."""
    first = do(folder / "onnx", source, **changes)
    assert first.result["ok"], first.result
    job = folder / "tflite"
    job.mkdir()
    request = WorkerRequest(
        action="translate",
        source=first.folder / "model.onnx",
        name="model",
        format="tflite",
        converted=first.folder,
    )
    return Done(job, run_worker(request, job, environment, Limits()))


def exported(path: Path, module: Any, rows: Any, free: dict[int, str]) -> Path:
    torch.manual_seed(0)
    torch.onnx.export(
        module.eval(),
        (rows,),
        path,
        dynamo=False,
        input_names=["x"],
        output_names=["y"],
        dynamic_axes={"x": free},
        opset_version=17,
    )
    return path


def images() -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 5)
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_images_stay_in_the_layout_of_the_source(tmp_path: Path, environment: Environment) -> None:
    source = exported(tmp_path / "model.onnx", images(), torch.randn(2, 1, 8, 8), {0: "batch"})
    before = source.read_bytes()
    done = translated(tmp_path, source, environment)
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == ["batch", 1, 8, 8]
    assert done.result["model"]["converter"] == "onnx2tf 2.6.9"
    assert source.read_bytes() == before


@pytest.mark.parametrize("published", [MNIST_CONV, MTCNN_ONET], ids=["mnist", "faces"])
def test_a_published_network_answers_as_its_source(
    tmp_path: Path, environment: Environment, published: Published
) -> None:
    assert_answers_alike(translated(tmp_path, published.fetch(), environment))


def test_a_free_size_is_that_of_the_samples_or_refused(tmp_path: Path, environment: Environment) -> None:
    np.savez(tmp_path / "rows.npz", RANDOM.normal(size=(5, 24, 20, 3)).astype(np.float32))
    done = translated(tmp_path, MTCNN_PNET.fetch(), environment, samples=str(tmp_path / "rows.npz"))
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == ["batch", 24, 20, 3]
    assert done.signature["outputs"][0]["shape"] == ["batch", 7, 5, 4]
    other = tmp_path / "without"
    other.mkdir()
    with pytest.raises(PackagerError, match="keeps every size but the batch"):
        translated(other, MTCNN_PNET.fetch(), environment)


class Texts(nn.Module):  # type: ignore[misc]
    """What onnx2tf writes a file for that answers otherwise, or none at all."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)

    def forward(self, x: Any) -> Any:
        return self.layer(x).mean(1)


@pytest.mark.filterwarnings("ignore")
def test_a_file_that_is_not_the_model_never_gets_through(tmp_path: Path, environment: Environment) -> None:
    """Right or refused: which of the two is for the converter of the day."""
    source = exported(tmp_path / "model.onnx", Texts(), torch.randn(2, 6, 8), {0: "batch"})
    try:
        done = translated(tmp_path, source, environment)
    except PackagerError as error:
        assert "The TFLite file that onnx2tf makes is not the model" in error.message
        assert not (tmp_path / "tflite" / "result.json").read_text().count('"ok": true')
    else:
        assert_answers_alike(done)


def test_refuses_a_quantized_model_by_name(tmp_path: Path, environment: Environment) -> None:
    x, y = (onnx.helper.make_tensor_value_info(name, 1, ["batch", 4]) for name in "xy")
    held = [
        onnx.helper.make_tensor("scale", 1, [], [0.1]),
        onnx.helper.make_tensor("zero", onnx.TensorProto.INT8, [], [0]),
    ]
    nodes = [
        onnx.helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        onnx.helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"]),
    ]
    graph = onnx.helper.make_graph(nodes, "g", [x], [y], held)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(PackagerError, match=r"quantized \(DequantizeLinear, QuantizeLinear\)"):
        translated(tmp_path, tmp_path / "model.onnx", environment)
