"""Weights of 8 and 4 bits: a quarter of the file and less, and nearly the same answers."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from packager.converters.passes.onnx_integers import rounded
from tests import published
from tests.converters.jobs import Done, do
from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import Net, passed

BITS_8: dict[str, Any] = {"kind": "weight_only"}
BITS_4: dict[str, Any] = {"kind": "weight_only", "bits": 4}
UNEVEN: dict[str, Any] = {"symmetric": False}
BLOCKS: dict[str, Any] = {"how": "matmul_nbits"}


@pytest.fixture(scope="module")
def conv(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return nets.convolutional(tmp_path_factory.mktemp("conv"))


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return nets.dense(tmp_path_factory.mktemp("dense"))


@pytest.mark.parametrize(
    ("options", "share", "largest_error"),
    [
        (BITS_8, 0.33, 0.02),
        (BITS_8 | UNEVEN, 0.34, 0.02),
        (BITS_8 | {"block_size": 64}, 0.35, 0.02),
        (BITS_4, 0.25, 0.2),
        (BITS_4 | UNEVEN, 0.25, 0.2),
    ],
)
def test_a_convolutional_net_becomes_small_and_decides_alike(
    conv: Net, tmp_path: Path, options: dict[str, Any], share: float, largest_error: float
) -> None:
    done = passed(tmp_path, conv.done, options)
    assert done.result["ok"], done.result
    assert nets.size(done) < share * nets.size(conv.done)
    before, after = nets.answers(conv.done, conv.rows), nets.answers(done, conv.rows)
    assert 0 < nets.error(before, after) < largest_error
    right = [(answers.argmax(1) == conv.labels).mean() for answers in (before, after)]
    assert right[0] > 0.9
    assert right[0] - right[1] < 0.03
    operators = {node.op_type for node in onnx.load(done.folder / "model.onnx").graph.node}
    assert operators <= {"Conv", "Relu", "Flatten", "Gemm", "Cast", "Mul", "Sub", "Concat", "Reshape"}


@pytest.mark.parametrize(
    ("options", "largest_error"),
    [
        (BITS_8 | BLOCKS, 0.01),
        (BITS_8 | BLOCKS | UNEVEN, 0.01),
        (BITS_4 | BLOCKS, 0.2),
        (BITS_4 | BLOCKS | UNEVEN, 0.2),
        (BITS_4 | BLOCKS | {"block_size": 16, "accuracy_level": 4}, 0.2),
        (BITS_4, 0.2),
        (BITS_8, 0.01),
    ],
)
def test_products_with_matrices_are_what_they_were_nearly(
    dense: Net, tmp_path: Path, options: dict[str, Any], largest_error: float
) -> None:
    done = passed(tmp_path, dense.done, options)
    assert done.result["ok"], done.result
    assert nets.size(done) < 0.45 * nets.size(dense.done)
    assert done.result["applied"][0]["layers"] == ["product", "turned", "last"]
    before, after = nets.answers(dense.done, dense.rows), nets.answers(done, dense.rows)
    assert 0 < nets.error(before, after) < largest_error


def test_weights_are_what_was_rounded_to_the_last_bit(dense: Net, tmp_path: Path) -> None:
    """What the engine makes of stored integers is integers times scales: on every processor the same."""
    model = onnx.load(passed(tmp_path, dense.done, BITS_4).folder / "model.onnx")
    model.graph.output.append(helper.make_tensor_value_info("first", TensorProto.FLOAT, [40, 96]))
    answered = nets.run(model, {"X": dense.rows})[1]
    source = onnx.load(dense.path)
    first = next(tensor for tensor in source.graph.initializer if tensor.name == "first")
    grouped = onnx.numpy_helper.to_array(first).reshape(2, 20, 96)
    expected = rounded(grouped, (1,), 4, symmetric=True, half=True).floats().reshape(40, 96)
    assert np.array_equal(answered, expected)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("bits", [4, 8])
def test_zeros_stay_zeros_and_no_value_moves_further_than_a_step(bits: int, symmetric: bool) -> None:
    values = np.random.default_rng(0).standard_normal((16, 32)).astype(np.float32)
    values[:, ::3] = 0
    values[3] = 0
    found = rounded(values, (1,), bits, symmetric)
    assert np.all(found.floats()[values == 0] == 0)
    assert np.all(np.abs(found.floats() - values) <= np.abs(found.scales) * 1.001)


def test_products_that_are_none_stay_and_a_net_without_any_is_refused(conv: Net, tmp_path: Path) -> None:
    done = passed(tmp_path / "one", conv.done, BITS_4 | BLOCKS)
    assert done.result["applied"][0]["layers"] == ["head"]
    none = passed(tmp_path / "none", conv.done, BITS_4 | BLOCKS | {"exclude": ["head"]})
    assert none.error["message"].startswith("No layer multiplies by a constant matrix")
    assert none.error["hint"] == "how = dequantize stores the weights of all layers so"


def test_the_same_model_gives_the_same_bytes_twice(conv: Net, tmp_path: Path) -> None:
    for options in (BITS_8, BITS_4, BITS_4 | BLOCKS):
        name = "-".join(map(str, options.values()))
        first, second = (passed(tmp_path / f"{name}-{at}", conv.done, options) for at in (1, 2))
        assert (first.folder / "model.onnx").read_bytes() == (second.folder / "model.onnx").read_bytes()


@pytest.mark.parametrize(
    "options", [BITS_8, BITS_4, {"kind": "float16"}, {"kind": "prune_magnitude", "sparsity": 0.2}], ids=str
)
def test_a_perceptron_that_computes_in_double_precision_does_so_afterwards(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    """As scikit-learn's do; and the engine without a library still takes it."""
    random = np.random.default_rng(0)
    weights = {"a": random.standard_normal((40, 128)) / 6, "b": random.standard_normal((128, 8)) / 11}
    nodes = [
        helper.make_node("Cast", ["X"], ["1"], to=TensorProto.DOUBLE),
        helper.make_node("MatMul", ["1", "a"], ["2"], "first"),
        helper.make_node("Relu", ["2"], ["3"]),
        helper.make_node("MatMul", ["3", "b"], ["4"], "second"),
        helper.make_node("Cast", ["4"], ["Y"], to=TensorProto.FLOAT),
    ]
    model = nets.graph(nodes, weights, {"X": ["batch", 40]}, {"Y": ["batch", 8]})
    before = nets.converted(tmp_path, model)
    done = passed(tmp_path / "passed", before, options)
    assert done.result["applied"][0]["layers"] == ["first", "second"]
    rows = random.standard_normal((8, 40)).astype(np.float32)
    assert nets.error(nets.answers(before, rows), nets.answers(done, rows)) < 0.3
    tiny = do(tmp_path / "tiny", done.folder / "model.onnx", **translation(done))
    assert tiny.result["ok"], tiny.result


def translation(done: Done) -> dict[str, Any]:
    return {"action": "translate", "converted": str(done.folder), "format": "tiny"}


def test_two_weights_of_four_bits_lie_in_a_byte_wherever_blocks_can_be_even(tmp_path: Path) -> None:
    """The largest block within 32 that divides 100 is 25."""
    weight = np.random.default_rng(0).standard_normal((100, 100)).astype(np.float32)
    node = helper.make_node("MatMul", ["X", "w"], ["Y"], "product")
    model = nets.graph([node], {"w": weight}, {"X": ["batch", 100]}, {"Y": ["batch", 100]})
    before = nets.converted(tmp_path, model)
    done = passed(tmp_path / "passed", before, BITS_4)
    assert nets.size(done) < 0.2 * nets.size(before)
    rows = np.random.default_rng(1).standard_normal((4, 100)).astype(np.float32)
    assert nets.error(nets.answers(before, rows), nets.answers(done, rows)) < 0.15


def test_an_excluded_layer_keeps_its_weights(conv: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, conv.done, BITS_8 | {"exclude": ["head"]})
    model = onnx.load(done.folder / "model.onnx")
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert types["matrix"] == TensorProto.FLOAT
    assert done.result["applied"][0]["left"] == ["head"]


@pytest.mark.parametrize("kind", ["weight_only", "float16", "prune_magnitude"])
def test_weights_that_are_stored_in_fewer_bits_are_not_told_to_be_missing(
    conv: Net, kind: str, tmp_path: Path
) -> None:
    done = passed(tmp_path, conv.done, BITS_8, {"kind": kind})
    assert done.error["message"] == "The weights are int8, and this pass is for float32 and float64"


def test_a_weight_of_two_layers_is_stored_once(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).standard_normal((32, 32)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["X", "shared"], ["a"], "one"),
        helper.make_node("MatMul", ["a", "shared"], ["Y"], "two"),
    ]
    model = nets.graph(nodes, {"shared": weight}, {"X": ["batch", 32]}, {"Y": ["batch", 32]})
    before = nets.converted(tmp_path, model)
    rows = np.random.default_rng(1).standard_normal((4, 32)).astype(np.float32)
    for options in (BITS_8, BITS_8 | BLOCKS):
        done = passed(tmp_path / options.get("how", "dequantize"), before, options)
        assert done.result["applied"][0]["layers"] == ["one", "two"]
        assert nets.error(nets.answers(before, rows), nets.answers(done, rows)) < 0.02


def test_recurrent_weights_that_are_cut_and_joined_on_their_way_are_found(tmp_path: Path) -> None:
    before = nets.of_file(tmp_path, published.SILERO_VAD.fetch())
    done = passed(tmp_path / "passed", before, BITS_8)
    assert done.result["ok"], done.result
    assert nets.size(done) < 0.3 * nets.size(before)
    speech = np.random.default_rng(0).standard_normal((1, 512)).astype(np.float32) / 10
    state, rate = np.zeros((2, 1, 128), np.float32), np.array(16000)
    inputs: dict[str, nets.Array] = {"input": speech, "state": state, "sr": rate}
    one, other = (nets.run(each.folder / "model.onnx", inputs) for each in (before, done))
    assert nets.error(one[1], other[1]) < 0.2


def test_published_face_landmarks_hardly_move(tmp_path: Path) -> None:
    before = nets.of_file(tmp_path, published.MTCNN_ONET.fetch())
    done = passed(tmp_path / "passed", before, BITS_8)
    assert nets.size(done) < 0.27 * nets.size(before)
    name = before.signature["inputs"][0]["name"]
    faces = {name: np.random.default_rng(0).uniform(-1, 1, (4, 48, 48, 3)).astype(np.float32)}
    one, other = (nets.run(each.folder / "model.onnx", faces) for each in (before, done))
    assert all(nets.error(was, now) < 0.05 for was, now in zip(one, other, strict=True))


@pytest.mark.parametrize("options", [BITS_4, BITS_4 | BLOCKS])
def test_the_layer_whose_weights_suffer_most_comes_first(tmp_path: Path, options: dict[str, Any]) -> None:
    """One large value in each block leaves the other weights of ``spoilt`` without any digits."""
    random = np.random.default_rng(0)
    weights = {name: random.standard_normal((64, 64)).astype(np.float32) / 8 for name in ("a", "b", "c")}
    weights["b"][::16] *= 200
    nodes = [
        helper.make_node("MatMul", ["X", "a"], ["1"], "sound"),
        helper.make_node("Tanh", ["1"], ["2"]),
        helper.make_node("MatMul", ["2", "b"], ["3"], "spoilt"),
        helper.make_node("LayerNormalization", ["3", "scale"], ["4"]),
        helper.make_node("MatMul", ["4", "c"], ["Y"], "sound too"),
    ]
    weights |= {"scale": np.ones(64, np.float32)}
    # Rows that do not meet the large values, as a net has features that are rarely there.
    nodes.insert(2, helper.make_node("Mul", ["2", "mask"], ["2 masked"]))
    weights |= {"mask": (np.arange(64) % 16 != 0).astype(np.float32)}
    nodes[3].input[0] = "2 masked"
    model = nets.graph(nodes, weights, {"X": ["batch", 64]}, {"Y": ["batch", 64]})
    found = nets.ranked(tmp_path / "ranked", nets.converted(tmp_path, model), options)
    assert found[0]["layer"] == "spoilt"
    assert found[0]["error"] > 3 * found[1]["error"]
    assert [(one["operator"], one["parameters"]) for one in found] == [("MatMul", 64 * 64)] * 3
