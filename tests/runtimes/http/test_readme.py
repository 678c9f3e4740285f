"""The requests that the README shows are sent as they stand there, by curl to a server."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.artifacts import make_root
from tests.runtimes.http.serving import CHECKOUT, serving
from tests.runtimes.models import classifier_root

ADDRESS = "https://…"
LINES = re.findall(r"^curl .*$", (CHECKOUT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
REQUESTS = [line for line in LINES if ADDRESS in line]
SHAPE = (1, 3, 224, 224)


def mean_root(path: Path) -> Path:
    """The mean of each channel of an image."""
    node = helper.make_node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", *SHAPE[1:]])
    mean = helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph([node], "mean", [image], [mean])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    signature = {
        "inputs": [{"name": "image", "dtype": "float32", "shape": ["batch", *SHAPE[1:]]}],
        "outputs": [{"name": "mean", "dtype": "float32", "shape": ["batch", 3], "role": "prediction"}],
        "class_labels": [],
        "features": [],
    }
    return make_root(path, model.SerializeToString(), signature, name="mean")


def sent(line: str, address: str, folder: Path) -> bytes:
    command = [*shlex.split(line.replace(ADDRESS, address)), "--silent", "--show-error", "--fail-with-body"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == 0, done.stdout
    return done.stdout


def sent_by(model: Callable[[Path], Path], lines: list[str], folder: Path) -> list[bytes]:
    with serving(model(folder / "root")) as server:
        return [sent(line, server.address, folder) for line in lines]


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")


@needs_curl
def test_a_row_is_answered(tmp_path: Path) -> None:
    (answer,) = sent_by(classifier_root, [line for line in REQUESTS if "features" in line], tmp_path)
    assert json.loads(answer)["predictions"] == ["setosa"]


@needs_curl
def test_an_image_is_answered_as_bytes_and_as_a_file(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
    (tmp_path / "image.raw").write_bytes(image.tobytes())
    np.save(tmp_path / "image.npy", image)
    lines = [line for line in REQUESTS if "image" in line]
    raw, nothing = sent_by(mean_root, lines, tmp_path)
    expected = image.mean(axis=(2, 3))
    np.testing.assert_allclose(json.loads(raw)["predictions"], expected, rtol=1e-5)
    assert nothing == b""
    np.testing.assert_allclose(np.load(tmp_path / "answer.npy"), expected, rtol=1e-5)


def test_every_request_of_the_readme_is_tried() -> None:
    assert len(REQUESTS) == 3
    assert all("features" in line or "image" in line for line in REQUESTS)
