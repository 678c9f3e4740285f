"""A net of some megabytes from file to answer: mapped weights, and the smallest engine that will do."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper

from packager.invoke import emulator
from tests.main_job.commands import build, packager
from tests.packager.large_models import dense

pytestmark = pytest.mark.network

WIDTH = 1200
ENGINE = ("--engine", "onnxruntime")
ROW = np.random.default_rng(3).standard_normal((1, WIDTH)).astype(np.float32)
SMALLEST = "the smallest release that is for all 3 operators of the graph"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(dense(WIDTH)[0])
    return path


def manifest(artifact: Path) -> Any:
    return json.loads((artifact / "function" / "manifest.json").read_text())


def of_the_package(model: Path) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(None, {"X": ROW})[0]
    return found


def answered(artifact: Path) -> NDArray[np.float32]:
    with emulator.session(artifact) as function:
        document = function.invoke({"inputs": {"X": ROW.tolist()}}).or_error().document
    assert isinstance(document, dict)
    return np.array(document["predictions"], np.float32)


def test_it_is_mapped_answers_and_is_built_again_to_the_byte(model: Path) -> None:
    (made,) = build(model, *ENGINE, cwd=model.parent)["artifacts"]
    artifact = model.parent / made["path"]
    described = manifest(artifact)
    assert described["engine"]["version"] == "1.20.1"
    assert described["engine"]["why"] == SMALLEST
    assert described["engine"]["graph_optimization"] == "extended"
    assert described["model"]["size_bytes"] < 10_000
    assert described["model"]["weights"]["size_bytes"] > 5_000_000
    assert described["version"] == described["model"]["converted_sha256"][:12]
    np.testing.assert_allclose(answered(artifact), of_the_package(model), rtol=1e-4, atol=1e-5)
    done = packager("verify", artifact, "--rebuild", cwd=model.parent)
    assert done.exit_code == 0, done.stderr


def test_a_pinned_release_and_throughput_are_what_ships(model: Path) -> None:
    options = ("--engine-version", "1.31.1", "--favour", "throughput")
    report = build(model, *ENGINE, *options, cwd=model.parent)
    assert report["verification"]["engine"] == "onnxruntime_c 1.31.1"
    artifact = model.parent / report["artifacts"][0]["path"]
    described = manifest(artifact)["engine"]
    assert (described["version"], described["why"]) == ("1.31.1", "asked for")
    assert described["graph_optimization"] == "all"
    np.testing.assert_allclose(answered(artifact), of_the_package(model), rtol=1e-4, atol=1e-5)


def test_an_operator_that_the_smaller_release_is_not_for_brings_the_newest(model: Path) -> None:
    graph = onnx.load(model)
    graph.graph.node.append(helper.make_node("Gather", ["a", "first"], ["unused"]))
    graph.graph.node[-1].input[1] = "place"
    graph.graph.initializer.append(helper.make_tensor("place", onnx.TensorProto.INT64, [1], [0]))
    graph.graph.output.append(helper.make_tensor_value_info("unused", onnx.TensorProto.FLOAT, [1, WIDTH]))
    onnx.save(graph, model)
    done = packager("build", model, *ENGINE, cwd=model.parent)
    assert done.exit_code == 0, done.stderr
    assert (
        "ONNX Runtime 1.31.1 (the newest release for this platform: 1.20.1 is not for Gather)" in done.stderr
    )


def test_a_release_that_does_not_exist_is_refused_before_anything_is_read(model: Path) -> None:
    done = packager("build", model, "--engine-version", "1.20.2", cwd=model.parent)
    assert done.exit_code == 3
    assert "there is no engine release '1.20.2'; there are 1.20.1, 1.23.2, 1.31.1" in done.stderr
    assert not (model.parent / "dist").exists()
