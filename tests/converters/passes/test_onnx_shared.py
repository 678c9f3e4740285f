"""Int8 of layers that share their weights: each is right, though quantizers think of one reader alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from tests.converters.passes import int8_models as int8
from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import Array, Net

PASSES = ("dynamic_int8", "static_int8")


def net_of(folder: Path, nodes: list[Any], weights: dict[str, Array], width: int, answers: int) -> Net:
    rows = np.random.default_rng(1).standard_normal((64, width)).astype(np.float32)
    model = nets.graph(nodes, weights, {"X": ["batch", width]}, {"Y": ["batch", answers]})
    return Net(nets.converted(folder, model), rows, np.zeros(64))


def random(*shape: int) -> Array:
    return (np.random.default_rng(sum(shape)).standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)


def twice_turned(folder: Path) -> Net:
    nodes = [
        helper.make_node("Gemm", ["X", "w", "b"], ["a"], "first", transB=1),
        helper.make_node("Tanh", ["a"], ["t"]),
        helper.make_node("Gemm", ["t", "w", "b"], ["Y"], "second", transB=1),
    ]
    return net_of(folder, nodes, {"w": random(64, 64), "b": random(64)}, 64, 64)


def there_and_back(folder: Path) -> Net:
    """An encoder whose decoder has its weights, turned."""
    nodes = [
        helper.make_node("MatMul", ["X", "w"], ["a"], "encoder"),
        helper.make_node("Relu", ["a"], ["r"]),
        helper.make_node("Gemm", ["r", "w", "b"], ["Y"], "decoder", transB=1),
    ]
    return net_of(folder, nodes, {"w": random(96, 48), "b": random(96)}, 96, 96)


def square(folder: Path) -> Net:
    """The same, square: a mistake would be no error."""
    nodes = [
        helper.make_node("Gemm", ["X", "w", "b"], ["a"], "encoder"),
        helper.make_node("Tanh", ["a"], ["t"]),
        helper.make_node("Gemm", ["t", "w", "b"], ["Y"], "decoder", transB=1),
    ]
    return net_of(folder, nodes, {"w": random(80, 80), "b": random(80)}, 80, 80)


@pytest.mark.parametrize("kind", PASSES)
@pytest.mark.parametrize("shape", [twice_turned, there_and_back, square])
def test_layers_that_share_a_matrix_all_answer_as_before(shape: Any, kind: str, tmp_path: Path) -> None:
    net = shape(tmp_path / "net")
    done = int8.quantized(tmp_path / "done", net, {"kind": kind})
    assert int8.detail(done).startswith("2 of 2 layers")
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.04


@pytest.mark.parametrize("kind", PASSES)
def test_a_layer_that_is_left_keeps_the_weights_of_one_that_is_not(kind: str, tmp_path: Path) -> None:
    net = twice_turned(tmp_path / "net")
    both = int8.quantized(tmp_path / "both", net, {"kind": kind})
    one = int8.quantized(tmp_path / "one", net, {"kind": kind, "exclude": ["second"]})
    before = nets.answers(net.done, net.rows)
    errors = [nets.error(before, nets.answers(done, net.rows)) for done in (both, one)]
    assert errors[1] < errors[0] < 0.04


@pytest.mark.parametrize("kind", PASSES)
def test_a_table_that_is_also_the_last_matrix_answers_as_before(kind: str, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["X"], ["i"], to=7),
        helper.make_node("Gather", ["table", "i"], ["x"], "look_up"),
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[1], keepdims=0),
        helper.make_node("Gemm", ["m", "table"], ["Y"], "head", transB=1),
    ]
    model = nets.graph(nodes, {"table": random(200, 48)}, {"X": ["batch", 5]}, {"Y": ["batch", 200]})
    rows = np.random.default_rng(1).integers(0, 200, (64, 5)).astype(np.float32)
    net = Net(nets.converted(tmp_path / "net", model), rows, np.zeros(64))
    done = int8.quantized(tmp_path / "done", net, {"kind": kind})
    assert int8.detail(done).startswith("2 of 2 layers")
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.04


def test_cells_that_share_their_weights_answer_as_before(tmp_path: Path) -> None:
    weights = {"w": random(1, 128, 24), "r": random(1, 128, 32), "at": np.zeros(1, np.int64)}
    nodes = [
        helper.make_node("Transpose", ["X"], ["x"], perm=[1, 0, 2]),
        helper.make_node("Neg", ["x"], ["z"]),
        helper.make_node("LSTM", ["x", "w", "r"], ["", "h"], "one", hidden_size=32),
        helper.make_node("LSTM", ["z", "w", "r"], ["", "k"], "other", hidden_size=32),
        helper.make_node("Sub", ["h", "k"], ["d"]),
        helper.make_node("Squeeze", ["d", "at"], ["Y"]),
    ]
    model = nets.graph(nodes, weights, {"X": ["batch", 6, 24]}, {"Y": ["batch", 32]})
    rows = np.random.default_rng(1).standard_normal((32, 6, 24)).astype(np.float32)
    net = Net(nets.converted(tmp_path / "net", model), rows, np.zeros(32))
    done = int8.quantized(tmp_path / "done", net, {"kind": "dynamic_int8"})
    assert int8.operators(done).count("DynamicQuantizeLSTM") == 2
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.04


@pytest.mark.parametrize("kind", PASSES)
@pytest.mark.parametrize("constant", [random(1), np.float32(0.5), random(1, 1), random(1, 48)])
def test_what_a_product_adds_may_be_one_number_and_have_the_name_that_we_would_give(
    constant: Array, kind: str, tmp_path: Path
) -> None:
    """One more constant is called as the layer's own would be."""
    nodes = [
        helper.make_node("Gemm", ["X", "w", "added"], ["a"], "dense"),
        helper.make_node("Relu", ["a"], ["r"]),
        helper.make_node("MatMul", ["r", "v"], ["p"], "head"),
        helper.make_node("Add", ["p", "head_bias"], ["q"]),
        helper.make_node("Mul", ["q", "dense_bias"], ["Y"]),
    ]
    weights = {"w": random(64, 48), "v": random(48, 40), "added": np.asarray(constant)}
    weights |= {"head_bias": random(1, 40), "dense_bias": random(40)}
    net = net_of(tmp_path / "net", nodes, weights, 64, 40)
    done = int8.quantized(tmp_path / "done", net, {"kind": kind})
    assert int8.detail(done).startswith("2 of 2 layers")
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.04
