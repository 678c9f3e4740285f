"""A cleaned graph answers as before with fewer nodes; where there is nothing to clean, that is said."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests import published
from tests.converters.passes import int8_models as int8
from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import passed

CLEANUP = {"kind": "cleanup"}


def cluttered() -> onnx.ModelProto:
    """A norm behind a convolution, a constant that is computed, a result that nobody reads."""
    random = np.random.default_rng(0)
    weights = {
        "w": random.standard_normal((8, 3, 3, 3)).astype(np.float32),
        **{
            name: random.uniform(0.5, 1.5, 8).astype(np.float32) for name in ("scale", "shift", "mean", "var")
        },
        "two": np.full(1, 2, np.float32),
        "three": np.full(1, 3, np.float32),
    }
    nodes = [
        helper.make_node("Add", ["two", "three"], ["five"], "constant"),
        helper.make_node("Conv", ["X", "w"], ["a"], "conv"),
        helper.make_node("BatchNormalization", ["a", "scale", "shift", "mean", "var"], ["b"], "norm"),
        helper.make_node("Identity", ["b"], ["c"], "same"),
        helper.make_node("Exp", ["c"], ["unread"], "dead"),
        helper.make_node("Mul", ["c", "five"], ["Y"], "times", doc_string="/home/somebody/model.py"),
    ]
    return nets.graph(nodes, weights, {"X": ["batch", 3, 6, 6]}, {"Y": ["batch", 8, 4, 4]})


def test_nodes_go_and_the_answers_stay(tmp_path: Path) -> None:
    before = nets.converted(tmp_path, cluttered())
    done = passed(tmp_path / "passed", before, CLEANUP)
    assert int8.detail(done).startswith("6 to 2 nodes")
    assert int8.operators(done) == ["Conv", "Mul"]
    rows = np.random.default_rng(1).standard_normal((5, 3, 6, 6)).astype(np.float32)
    np.testing.assert_allclose(nets.answers(done, rows), nets.answers(before, rows), rtol=1e-4, atol=1e-5)
    graph = onnx.load(done.folder / "model.onnx").graph
    assert [value.name for value in (*graph.input, *graph.output)] == ["X", "Y"]
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert b"somebody" not in (done.folder / "model.onnx").read_bytes()


def test_a_clean_graph_is_refused_with_its_sizes(tmp_path: Path) -> None:
    before = nets.converted(tmp_path, cluttered())
    done = passed(tmp_path / "passed", before, CLEANUP, CLEANUP)
    assert done.error["message"].startswith("There is nothing to clean: 2 nodes and ")


def test_the_same_graph_gives_the_same_bytes(tmp_path: Path) -> None:
    before = nets.converted(tmp_path, cluttered())
    one, other = (passed(tmp_path / name, before, CLEANUP).folder / "model.onnx" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_a_large_constant_is_computed_as_before_rather_than_stored(tmp_path: Path) -> None:
    weights = {"size": np.array([1, 600, 600], np.int64)}
    nodes = [
        helper.make_node(
            "ConstantOfShape", ["size"], ["zeros"], value=numpy_helper.from_array(np.ones(1, "f"))
        ),
        helper.make_node("Identity", ["zeros"], ["ones"]),
        helper.make_node("Mul", ["X", "ones"], ["Y"]),
    ]
    model = nets.graph(nodes, weights, {"X": ["batch", 1, 600]}, {"Y": ["batch", 600, 600]})
    before = nets.converted(tmp_path, model)
    done = passed(tmp_path / "passed", before, CLEANUP)
    assert nets.size(done) <= nets.size(before)


@pytest.mark.network
@pytest.mark.parametrize(("name", "most"), [("MNIST_CONV", 8), ("SILERO_VAD", 80), ("TEXT_DIRECTION", 180)])
def test_published_graphs_lose_nodes_and_no_answer(tmp_path: Path, name: str, most: int) -> None:
    before = nets.of_file(tmp_path, getattr(published, name).fetch())
    done = passed(tmp_path / "passed", before, CLEANUP)
    assert int(int8.detail(done).split(" to ")[1].split()[0]) <= most
    for case in before.cases:
        inputs = {key: nets_array(tensor) for key, tensor in case["inputs"].items()}
        one, other = (nets.run(job.folder / "model.onnx", inputs) for job in (before, done))
        for was, now in zip(one, other, strict=True):
            np.testing.assert_allclose(now, was, rtol=1e-3, atol=1e-4)


def nets_array(tensor: dict[str, object]) -> nets.Array:
    from tests.converters.jobs import array_of

    return array_of(tensor)


@pytest.mark.parametrize("kind", ["cleanup", "static_int8", "dynamic_int8"])
def test_words_that_are_numbered_behind_a_foreign_operator_are_left(kind: str, tmp_path: Path) -> None:
    """onnx would end the process."""
    split = helper.make_node(
        "Tokenizer", ["X"], ["words"], domain="com.microsoft",
        mark=0, mincharnum=1, pad_value="#", separators=[" "],
    )  # fmt: skip
    number = helper.make_node(
        "LabelEncoder", ["words"], ["Y"], domain="ai.onnx.ml", keys_strings=["a", "b"], values_int64s=[1, 2]
    )
    inputs = [helper.make_tensor_value_info("X", TensorProto.STRING, ["batch"])]
    outputs = [helper.make_tensor_value_info("Y", TensorProto.INT64, ["batch", "words"])]
    opsets = [helper.make_opsetid(*one) for one in (("", 17), ("ai.onnx.ml", 3), ("com.microsoft", 1))]
    graph = helper.make_graph([split, number], "net", inputs, outputs)
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    before = nets.converted(tmp_path / "before", model)
    done = nets.passed(tmp_path / "done", before, {"kind": kind})
    assert "numbers words behind Tokenizer" in done.error["message"]
