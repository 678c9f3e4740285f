"""Static int8 for ONNX: a third of the bytes, the same decisions, and what it cannot do is said by name."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from tests import published
from tests.converters.passes import int8_models as int8
from tests.converters.passes import weight_models as nets
from tests.converters.passes.int8_models import quantized
from tests.converters.passes.weight_models import Net, passed

STATIC = {"kind": "static_int8"}


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return nets.convolutional(tmp_path_factory.mktemp("net"))


def agreement(net: Net, done: Any) -> float:
    before, after = nets.answers(net.done, net.rows), nets.answers(done, net.rows)
    return float((before.argmax(1) == after.argmax(1)).mean())


def test_a_convolutional_net_is_a_third_as_large_and_decides_the_same(net: Net, tmp_path: Path) -> None:
    done = quantized(tmp_path, net, STATIC)
    assert int8.detail(done).startswith("3 of 3 layers to int8, minmax over 128 rows")
    assert nets.size(done) < 0.40 * nets.size(net.done)
    assert agreement(net, done) > 0.98
    graph = onnx.load(done.folder / "model.onnx").graph
    assert [value.name for value in (*graph.input, *graph.output)] == ["X", "Y"]
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


@pytest.mark.parametrize(
    "options",
    [
        {"per_channel": False},
        {"calibration": "percentile", "percentile": 99.9},
        {"calibration": "entropy"},
        {"weights": "uint8"},
        {"activations": "int8", "symmetric": True},
    ],
    ids=lambda options: " ".join(map(str, options.values())),
)
def test_each_setting_keeps_the_decisions(net: Net, tmp_path: Path, options: dict[str, Any]) -> None:
    done = quantized(tmp_path, net, {**STATIC, **options})
    assert nets.size(done) < 0.40 * nets.size(net.done)
    assert agreement(net, done) > 0.96


def test_the_same_rows_give_the_same_bytes_without_a_path_or_a_stamp(net: Net, tmp_path: Path) -> None:
    one, other = (quantized(tmp_path / name, net, STATIC) for name in ("one", "other"))
    content = (one.folder / "model.onnx").read_bytes()
    assert content == (other.folder / "model.onnx").read_bytes()
    assert str(tmp_path).encode() not in content and b"onnx.quantize" not in content


def test_what_lies_between_layers_stays_in_8_bits_and_the_last_result_does_not(tmp_path: Path) -> None:
    net = int8.residual(tmp_path / "net")
    done = quantized(tmp_path, net, STATIC)
    made = onnx.load(done.folder / "model.onnx").graph
    written = {node.output[0]: node for node in made.node}
    around = next(node for node in made.node if node.name == "around")
    assert [written[name].op_type for name in around.input] == ["DequantizeLinear", "DequantizeLinear"]
    assert written["Y"].op_type == "MatMul"
    assert "Relu" not in int8.operators(done)  # ranges that begin at 0 do their work
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.05


def test_an_infinite_mask_ruins_nothing(tmp_path: Path) -> None:
    net = int8.attending(tmp_path / "net")
    for number, method in enumerate(("minmax", "entropy")):
        done = quantized(tmp_path / str(number), net, {**STATIC, "calibration": method})
        assert done.result["applied"][0]["layers"] == ["to_q", "to_k", "to_v", "to_o"]
        assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.05


def test_a_layer_that_takes_infinite_values_is_left_and_named(tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "net")
    model = onnx.load(net.path)
    del model.graph.node[:]
    model.graph.node.extend(
        [
            helper.make_node("Relu", ["X"], ["r"]),
            helper.make_node("Log", ["r"], ["logs"]),
            helper.make_node("Sign", ["logs"], ["s"]),
            helper.make_node("MatMul", ["s", "first"], ["a"], "sound"),
            helper.make_node("Slice", ["logs", "start", "end"], ["part"]),
            helper.make_node("MatMul", ["part", "first"], ["b"], "infinite"),
            helper.make_node("Softmax", ["b"], ["c"]),
            helper.make_node("Add", ["a", "c"], ["Y"]),
        ]
    )
    model.graph.initializer.extend(
        [
            onnx.numpy_helper.from_array(np.array([0, 0], np.int64), "start"),
            onnx.numpy_helper.from_array(np.array([100, 40], np.int64), "end"),
        ]
    )
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 96
    changed = Net(nets.converted(tmp_path / "changed", model), net.rows, net.labels)
    done = quantized(tmp_path / "done", changed, STATIC, rows=32)
    (applied,) = done.result["applied"]
    assert applied["layers"] == ["sound"] and applied["left"] == ["infinite"]
    assert "infinite too, whose values are infinite" in applied["detail"]


def test_recurrent_cells_stay_float_and_that_is_said(tmp_path: Path) -> None:
    net = int8.recurrent(tmp_path / "net")
    done = quantized(tmp_path, net, STATIC)
    assert int8.detail(done).endswith("; LSTM stay float32")


def test_an_excluded_layer_stays_float(net: Net, tmp_path: Path) -> None:
    done = quantized(tmp_path, net, {**STATIC, "exclude": ["conv_2"]})
    (applied,) = done.result["applied"]
    assert applied["layers"] == ["conv_1", "head"] and applied["left"] == ["conv_2"]
    weights = {tensor.name for tensor in onnx.load(done.folder / "model.onnx").graph.initializer}
    assert "second" in weights and "first" not in weights


def test_a_product_and_its_bias_are_one_node(tmp_path: Path) -> None:
    weights = {
        "w": np.random.default_rng(0).standard_normal((40, 32)).astype(np.float32),
        "b": np.ones((1, 32), np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["X", "w"], ["a"], "product"),
        helper.make_node("Add", ["b", "a"], ["Y"]),
    ]
    model = nets.graph(nodes, weights, {"X": ["batch", 40]}, {"Y": ["batch", 32]})
    rows = np.random.default_rng(1).standard_normal((16, 40)).astype(np.float32)
    net = Net(nets.converted(tmp_path, model), rows, np.zeros(16))
    done = quantized(tmp_path, net, STATIC)
    assert "Gemm" in int8.operators(done) and "Add" not in int8.operators(done)
    assert nets.error(nets.answers(net.done, rows), nets.answers(done, rows)) < 0.03


@pytest.mark.parametrize("kind", ["static_int8", "dynamic_int8"])
def test_factors_of_a_product_and_its_bias_are_kept(tmp_path: Path, kind: str) -> None:
    random = np.random.default_rng(0)
    weights = {
        name: random.standard_normal(shape).astype(np.float32) for name, shape in (("w", (40, 32)), ("b", 32))
    }
    nodes = [helper.make_node("Gemm", ["X", "w", "b"], ["Y"], "product", alpha=0.25, beta=8.0)]
    model = nets.graph(nodes, weights, {"X": ["batch", 40]}, {"Y": ["batch", 32]})
    net = Net(
        nets.converted(tmp_path, model), random.standard_normal((16, 40)).astype(np.float32), np.zeros(16)
    )
    done = quantized(tmp_path, net, {"kind": kind})
    assert done.result["applied"][0]["layers"] == ["product"]
    assert nets.size(done) < 0.7 * nets.size(net.done)
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.03


def test_too_few_rows_are_an_error_with_the_number(net: Net, tmp_path: Path) -> None:
    done = quantized(tmp_path, net, STATIC, rows=7)
    assert done.error["kind"] == "SamplesError"
    assert done.error["message"] == "Static int8 needs at least 8 rows, and there are 7"


def test_no_rows_are_an_error_that_says_how_to_give_some(net: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, net.done, STATIC)
    assert (done.error["message"], done.error["hint"]) == (
        "Static int8 needs real rows",
        "give rows of the real kind: --samples FILE",
    )


def test_rows_with_gaps_are_refused_with_the_inputs_name(net: Net, tmp_path: Path) -> None:
    rows = net.rows[:16].copy()
    rows[3, 0, 2, 2] = np.nan
    done = passed(tmp_path, net.done, STATIC, calibration=int8.calibration(tmp_path / "rows", {"X": rows}))
    assert done.error["message"].startswith("The calibration rows have values of X that are missing")


def test_a_model_that_is_quantized_already_is_refused(net: Net, tmp_path: Path) -> None:
    done = quantized(tmp_path, net, STATIC, STATIC)
    assert done.error["message"].startswith("The model is quantized already: it has DequantizeLinear")


def test_a_model_without_layers_is_refused(tmp_path: Path) -> None:
    model = nets.graph([helper.make_node("Relu", ["X"], ["Y"])], {}, {"X": ["batch", 4]}, {"Y": ["batch", 4]})
    net = Net(nets.converted(tmp_path, model), np.ones((8, 4), np.float32), np.zeros(8))
    done = quantized(tmp_path, net, STATIC)
    assert done.error["message"].startswith("The model has no layer that int8 is for, which are Conv, Gather")


def test_an_old_opset_is_raised(tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "new")
    model = onnx.load(net.path)
    model.opset_import[0].version = 11
    old = Net(nets.converted(tmp_path / "old", model), net.rows, net.labels)
    done = quantized(tmp_path, old, STATIC, rows=32)
    assert done.result["model"]["opset"] == 13
    assert nets.error(nets.answers(old.done, net.rows), nets.answers(done, net.rows)) < 0.05


@pytest.mark.network
@pytest.mark.parametrize(("name", "layers", "ratio"), [("MTCNN_ONET", 8, 0.30), ("TEXT_DIRECTION", 54, 0.50)])
def test_published_nets_come_out_smaller(tmp_path: Path, name: str, layers: int, ratio: float) -> None:
    source = getattr(published, name).fetch()
    before = nets.of_file(tmp_path, source)
    done = passed(tmp_path / "passed", before, STATIC, calibration=str(before.folder / "reference.json"))
    assert int8.detail(done).startswith(f"{layers} of {layers} layers")
    assert nets.size(done) < ratio * nets.size(before)


@pytest.mark.network
def test_layers_within_branches_stay_float_and_are_refused_by_name(tmp_path: Path) -> None:
    before = nets.of_file(tmp_path, published.SILERO_VAD_IFLESS.fetch())
    done = passed(tmp_path / "passed", before, STATIC, calibration=str(before.folder / "reference.json"))
    assert done.error["message"] == "All layers lie within If, where they stay float32"
