"""What running a graph shows of it: places in tables, rows that are no rows, sizes that it takes."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.converters.jobs import array_of, assert_answers_alike, do
from tests.converters.onnx.test_conversion import saved, value


def test_made_places_lie_inside_the_smallest_table(tmp_path: Path) -> None:
    tables = [
        numpy_helper.from_array(np.random.default_rng(rows).normal(size=(rows, 2)).astype(np.float32), name)
        for name, rows in (("large", 50), ("small", 3))
    ]
    nodes = [
        helper.make_node("Cast", ["words"], ["places"], to=TensorProto.INT64),
        helper.make_node("Gather", ["large", "places"], ["one"]),
        helper.make_node("Gather", ["small", "places"], ["two"]),
        helper.make_node("Add", ["one", "two"], ["sum"]),
    ]
    inputs = [value("words", ["N", 6], TensorProto.INT32)]
    path = saved(tmp_path / "model.onnx", nodes, inputs, [value("sum", ["N", 6, 2])], weights=tables)
    done = do(tmp_path / "job", path)
    assert_answers_alike(done, tolerance=0)
    assert set(array_of(done.cases[-1]["inputs"]["words"]).ravel().tolist()) == {0, 1, 2}


def test_steps_in_time_are_no_batch(tmp_path: Path) -> None:
    """The running sum of a row depends on the rows before it; nothing in the file says so."""
    axis = numpy_helper.from_array(np.array(0), "axis")
    node = helper.make_node("CumSum", ["steps", "axis"], ["sums"])
    ends = [value("steps", ["N", 3])], [value("sums", ["N", 3])]
    done = do(tmp_path / "job", saved(tmp_path / "model.onnx", [node], *ends, weights=[axis]))
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == ["dim_0", 3]
    assert done.signature["outputs"][0]["shape"] == ["dim_0", 3]


def test_steps_in_time_are_no_batch_beside_an_answer_without_any(tmp_path: Path) -> None:
    axis = numpy_helper.from_array(np.array(0), "axis")
    axes = numpy_helper.from_array(np.array([0]), "axes")
    nodes = [
        helper.make_node("CumSum", ["steps", "axis"], ["sums"]),
        helper.make_node("ReduceSum", ["steps", "axes"], ["last"], keepdims=0),
    ]
    outputs = [value("sums", ["N", 3]), value("last", [3])]
    path = saved(tmp_path / "model.onnx", nodes, [value("steps", ["N", 3])], outputs, weights=[axis, axes])
    done = do(tmp_path / "job", path)
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == ["dim_0", 3]


@pytest.mark.parametrize(("sizes", "seen"), [((4, 6), {3, 6}), ((4, 1), {1})])
def test_samples_of_one_length_are_cut_to_another(
    sizes: tuple[int, int], seen: set[int], tmp_path: Path
) -> None:
    node = helper.make_node("Softmax", ["rows"], ["shares"], axis=1)
    path = saved(tmp_path / "model.onnx", [node], [value("rows", ["N", "T"])], [value("shares", ["N", "T"])])
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=sizes).astype(np.float32))
    done = do(tmp_path / "job", path, samples=str(tmp_path / "rows.npy"))
    assert_answers_alike(done)
    assert {case["inputs"]["rows"]["shape"][1] for case in done.cases} == seen


def test_a_size_that_only_looks_free_is_noted(tmp_path: Path) -> None:
    """A product with a weight of four rows: the file calls the size free, the graph takes four."""
    weight = numpy_helper.from_array(np.ones((4, 2), dtype=np.float32), "weight")
    node = helper.make_node("MatMul", ["rows", "weight"], ["sums"])
    ends = [value("rows", ["N", "T"])], [value("sums", ["N", 2])]
    path = saved(tmp_path / "model.onnx", [node], *ends, weights=[weight])
    np.save(tmp_path / "rows.npy", np.ones((3, 4), dtype=np.float32))
    done = do(tmp_path / "job", path, samples=str(tmp_path / "rows.npy"))
    assert_answers_alike(done)
    assert done.result["notes"] == [
        "the model itself takes no smaller size than 4 of rows with these samples"
    ]


def test_a_loop_within_a_graph_is_shipped_whole(tmp_path: Path) -> None:
    float1 = onnx.TensorProto.FLOAT
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["still"]),
            helper.make_node("Mul", ["held", "factor"], ["next"]),
        ],
        "body",
        [
            value("at", [], TensorProto.INT64),
            value("go", [], TensorProto.BOOL),
            value("held", ["N", 2], float1),
        ],
        [value("still", [], TensorProto.BOOL), value("next", ["N", 2], float1)],
    )
    weights = [
        numpy_helper.from_array(np.array(3), "times"),
        numpy_helper.from_array(np.array(True), "yes"),
        numpy_helper.from_array(np.array(2, dtype=np.float32), "factor"),
    ]
    node = helper.make_node("Loop", ["times", "yes", "rows"], ["grown"], body=body)
    ends = [value("rows", ["N", 2])], [value("grown", ["N", 2])]
    done = do(tmp_path / "job", saved(tmp_path / "model.onnx", [node], *ends, weights=weights))
    assert_answers_alike(done, tolerance=0)
    last = done.cases[-1]
    assert np.array_equal(array_of(last["inputs"]["rows"]) * 8, array_of(last["outputs"]["grown"]))


def test_half_precision_is_taken_as_it_is(tmp_path: Path) -> None:
    half = TensorProto.FLOAT16
    weight = numpy_helper.from_array(np.ones((4, 2), dtype=np.float16), "weight")
    node = helper.make_node("MatMul", ["rows", "weight"], ["sums"])
    ends = [value("rows", ["N", 4], half)], [value("sums", ["N", 2], half)]
    done = do(tmp_path / "job", saved(tmp_path / "model.onnx", [node], *ends, weights=[weight]))
    assert_answers_alike(done, tolerance=1e-2)
    assert done.signature["outputs"][0]["dtype"] == "float16"
