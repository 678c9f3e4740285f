"""A graph is written for the engine tiny, or refused by the name of what it lacks."""

import json
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from packager.converters.signature import Signature, TensorSpec
from packager.converters.tiny.graph import check_operators, lower
from packager.converters.tiny.node import UncoveredError
from packager.converters.tiny.writer import MAGIC
from tests.runtimes.core.engines.tiny.running import by_onnxruntime, by_tiny, signature_of


def graph_of(nodes: list[Any], constants: list[Any] | None = None, output: str = "y", opset: int = 18) -> Any:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2]) for name in ("x", output)]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], constants or [])
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def signature(output: str = "y", dtype: str = "float32") -> Signature:
    return Signature(
        inputs=(TensorSpec("x", "float32", ("batch", 2)),),
        outputs=(TensorSpec(output, dtype, ("batch", 2)),),
    )


def header(data: bytes) -> dict[str, Any]:
    start = len(MAGIC) + 4
    size = int.from_bytes(data[len(MAGIC) : start], "little")
    return json.loads(data[start : start + size])


def test_what_is_known_is_computed_and_what_nobody_asks_for_is_left_out() -> None:
    two = numpy_helper.from_array(np.array([2.0, 3.0], np.float32), "two")
    nodes = [
        helper.make_node("Mul", ["two", "two"], ["four"]),
        helper.make_node("Exp", ["x"], ["unused"]),
        helper.make_node("Add", ["x", "four"], ["y"]),
    ]
    written = lower(graph_of(nodes, [two]), signature())
    found = header(written.data)
    assert [step["op"] for step in found["steps"]] == ["arithmetic.add"]
    assert written.modules == ("arithmetic",)
    assert len(found["constants"]) == 1
    assert written.data.endswith(np.array([4.0, 9.0], "<f4").tobytes())


def test_the_same_graph_gives_the_same_bytes_and_its_arrays_are_aligned() -> None:
    short = numpy_helper.from_array(np.array([7.0], np.float32), "short")
    other = numpy_helper.from_array(np.array([1.0, 2.0], np.float32), "other")
    nodes = [helper.make_node("Add", ["x", "short"], ["z"]), helper.make_node("Add", ["z", "other"], ["y"])]
    one, two = (lower(graph_of(nodes, [short, other]), signature()).data for _ in range(2))
    assert one == two
    assert [entry["offset"] for entry in header(one)["constants"]] == [0, 8]
    assert len(one) % 8 == 0


def test_a_step_takes_the_place_of_what_no_later_step_reads_but_of_no_answer() -> None:
    nodes = [helper.make_node("Exp", ["x"], ["t0"])]
    nodes += [helper.make_node("Add", [f"t{at}", f"t{at}"], [f"t{at + 1}"]) for at in range(9)]
    model = graph_of([*nodes, helper.make_node("Add", ["t9", "x"], ["y"])])
    model.graph.output.append(helper.make_tensor_value_info("t1", TensorProto.FLOAT, ["batch", 2]))
    assert header(lower(model, signature_of(model)).data)["values"] <= 5
    rows = np.array([[1.0, -2.0]], np.float32)
    for made, wanted in zip(by_tiny(model, {"x": rows}), by_onnxruntime(model, {"x": rows}), strict=True):
        np.testing.assert_allclose(made, wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (helper.make_node("Conv", ["x", "x"], ["y"]), "operator Conv"),
        (helper.make_node("Custom", ["x"], ["y"], domain="mine"), "operator Custom of mine"),
        (helper.make_node("Not", ["x"], ["y"]), "Not of float32"),
        (helper.make_node("Add", ["x", "x"], ["y"], axis=1), "Add with axis"),
        (helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT16), "Cast from float32"),
        (helper.make_node("ReduceSum", ["x", "x"], ["y"]), "ReduceSum whose input 1 is computed"),
    ],
)
def test_what_has_no_lowering_is_named(node: Any, reason: str) -> None:
    with pytest.raises(UncoveredError, match=reason):
        lower(graph_of([node]), signature())


def test_operators_are_refused_without_the_weights_being_there() -> None:
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 2])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="nowhere.bin")
    with pytest.raises(UncoveredError, match="operator Conv"):
        check_operators(graph_of([helper.make_node("Conv", ["x", "w"], ["y"])], [weights]))


def test_an_output_of_another_dtype_than_the_signatures_is_refused() -> None:
    with pytest.raises(UncoveredError, match="output y as int64"):
        lower(graph_of([helper.make_node("Abs", ["x"], ["y"])]), signature(dtype="int64"))


def test_weights_of_a_large_net_are_refused_before_they_are_read() -> None:
    weights = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[2048, 2048])
    weights.data_location = TensorProto.EXTERNAL
    model = graph_of([helper.make_node("MatMul", ["x", "weights"], ["y"])], [weights])
    with pytest.raises(UncoveredError, match="room for 17 MB of weights: it takes 16 MB"):
        check_operators(model)
