"""Half precision halves a file; the weights are whole again when the model runs."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import Net, passed

STORED = {"kind": "float16"}


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return nets.convolutional(tmp_path_factory.mktemp("net"))


def test_a_net_is_half_as_large_and_answers_nearly_the_same(net: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, net.done, STORED)
    assert done.result["ok"], done.result
    assert nets.size(done) < 0.55 * nets.size(net.done)
    before, after = nets.answers(net.done, net.rows), nets.answers(done, net.rows)
    assert after.dtype == np.float32
    assert 0 < nets.error(before, after) < 1e-3
    assert (before.argmax(1) == after.argmax(1)).mean() > 0.99
    names = [[value.name for value in part] for part in _parts(done.folder)]
    assert names == [["X"], ["Y"]]


def _parts(folder: Path) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    graph = onnx.load(folder / "model.onnx").graph
    return list(graph.input), list(graph.output)


def test_what_half_precision_cannot_hold_stays_whole_and_is_named(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    small = random.standard_normal((40, 40)).astype(np.float32) * 1e-9
    weights = {"tiny": small, "usual": random.standard_normal((40, 40)).astype(np.float32)}
    nodes = [
        helper.make_node("MatMul", ["X", "tiny"], ["a"], "lost"),
        helper.make_node("MatMul", ["a", "usual"], ["Y"], "kept"),
    ]
    model = nets.graph(nodes, weights, {"X": ["batch", 40]}, {"Y": ["batch", 40]})
    before = nets.converted(tmp_path, model)
    done = passed(tmp_path / "passed", before, STORED)
    (applied,) = done.result["applied"]
    assert "tiny beyond its range stay as they are" in applied["detail"]
    assert applied["layers"] == ["kept"]
    assert [(one["layer"], one["error"] > 0) for one in nets.ranked(tmp_path / "ranked", before, STORED)] == [
        ("kept", True),
        ("lost", False),
    ]
    rows = random.standard_normal((4, 40)).astype(np.float32)
    assert nets.error(nets.answers(before, rows), nets.answers(done, rows)) < 1e-3


def test_infinite_masks_stay_infinite(tmp_path: Path) -> None:
    mask = np.where(np.tri(40), 0, -np.inf).astype(np.float32)
    weight = np.random.default_rng(0).standard_normal((40, 40)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["X", "weight"], ["a"], "product"),
        helper.make_node("Add", ["a", "mask"], ["b"], "masked"),
        helper.make_node("Softmax", ["b"], ["Y"]),
    ]
    model = nets.graph(nodes, {"weight": weight, "mask": mask}, {"X": ["batch", 40, 40]}, {"Y": None})
    before = nets.converted(tmp_path, model)
    done = passed(tmp_path / "passed", before, STORED)
    assert done.result["applied"][0]["layers"] == ["product", "masked"]
    rows = np.random.default_rng(1).standard_normal((2, 40, 40)).astype(np.float32)
    one, other = nets.answers(before, rows), nets.answers(done, rows)
    assert np.array_equal(one == 0, other == 0)
    assert nets.error(one, other) < 5e-3


def test_an_excluded_layer_stays_float32(net: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, net.done, {**STORED, "exclude": ["head"]})
    (applied,) = done.result["applied"]
    assert applied["left"] == ["head"] and "head" not in applied["layers"]
    model = onnx.load(done.folder / "model.onnx")
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert types["matrix"] == TensorProto.FLOAT
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 5e-3


def test_a_layer_that_is_not_there_is_refused_with_those_that_are(net: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, net.done, {**STORED, "exclude": ["conv_9"]})
    assert done.error["message"] == "No layer with weights has the name 'conv_9'"
    assert done.error["hint"] == "there are conv_2, head"


def test_weights_that_stand_in_nodes_are_halved_too(net: Net, tmp_path: Path) -> None:
    model = onnx.load(net.path)
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    constants = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array))
        for name, array in tensors.items()
    ]
    plain = nets.graph([*constants, *model.graph.node], {}, {"X": ["batch", 1, 8, 8]}, {"Y": ["batch", 10]})
    before = nets.converted(tmp_path, plain)
    done = passed(tmp_path / "passed", before, STORED)
    assert nets.size(done) < 0.55 * nets.size(before)
    assert np.array_equal(
        nets.answers(done, net.rows), nets.answers(passed(tmp_path / "other", net.done, STORED), net.rows)
    )


def test_a_model_without_large_weights_is_refused(tmp_path: Path) -> None:
    model = nets.graph([helper.make_node("Relu", ["X"], ["Y"])], {}, {"X": ["batch", 4]}, {"Y": ["batch", 4]})
    done = passed(tmp_path / "passed", nets.converted(tmp_path, model), STORED)
    assert done.error["message"] == "The model has no large weights in layers: there is nothing to do"


def test_layers_are_ranked_by_what_they_cost(net: Net, tmp_path: Path) -> None:
    found = nets.ranked(tmp_path, net.done, STORED)
    assert {one["layer"] for one in found} == {"conv_2", "head"}
    assert [one["error"] for one in found] == sorted((one["error"] for one in found), reverse=True)
    assert all(0 < one["error"] < 1e-2 for one in found)
