"""What a graph asks for is read from the file as onnx reads it."""

from pathlib import Path

import pytest
from onnx import TensorProto, helper

from packager.dependencies.onnx_needs import OnnxNeeds, needs_of
from packager.model import ModelFile, Signature, TensorSpec
from tests.packager.large_models import dense


def _needs_of(path: Path, content: bytes, *dtypes: str) -> OnnxNeeds:
    path.write_bytes(content)
    signature = Signature(tuple(TensorSpec("X", dtype, ()) for dtype in dtypes), ())
    return needs_of(ModelFile(path, "onnx", signature, "", len(content)))


def test_versions_and_operators_are_those_of_the_file(tmp_path: Path) -> None:
    needs = _needs_of(tmp_path / "model.onnx", dense()[0], "float32")
    assert needs.opset == 18
    assert (needs.ml_opset, needs.ir_version, needs.floats) == (0, 8, True)
    assert needs.operators == {"MatMul", "Relu", "Gemm"}


@pytest.mark.parametrize("dtypes", [("int64",), ("float32", "string"), ("float64", "bool")])
def test_one_input_of_another_kind_is_enough(tmp_path: Path, dtypes: tuple[str, ...]) -> None:
    assert not _needs_of(tmp_path / "model.onnx", dense()[0], *dtypes).floats


def test_operators_in_branches_and_of_other_domains_count(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [helper.make_node("Scaler", ["X"], ["Y"], domain="ai.onnx.ml", offset=[0.0], scale=[1.0])],
        "branch", [], [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [1])],
    )  # fmt: skip
    node = helper.make_node("If", ["C"], ["Y"], then_branch=branch, else_branch=branch)
    content = _model([node, helper.make_node("Relu", ["X"], ["Z"], domain="ai.onnx")], ml=4)
    needs = _needs_of(tmp_path / "model.onnx", content, "float32")
    assert needs.operators == {"If", "Relu", "ai.onnx.ml.Scaler"}
    assert (needs.opset, needs.ml_opset) == (17, 4)


@pytest.mark.parametrize(("mode", "name"), [(0, "MaxPool"), (1, "MaxPool with ceil_mode")])
def test_a_pooling_that_rounds_up_is_named_so(tmp_path: Path, mode: int, name: str) -> None:
    node = helper.make_node("MaxPool", ["X"], ["Y"], kernel_shape=[2, 2], ceil_mode=mode)
    assert _needs_of(tmp_path / "model.onnx", _model([node]), "float32").operators == {name}


def test_a_function_of_the_models_own_is_no_known_operator(tmp_path: Path) -> None:
    function = helper.make_function(
        "own", "Relu", ["x"], ["y"], [helper.make_node("Abs", ["x"], ["y"])], [helper.make_opsetid("", 17)]
    )
    content = _model([helper.make_node("Relu", ["X"], ["Y"])], functions=[function])
    assert "a function of the model's own" in _needs_of(tmp_path / "model.onnx", content, "float32").operators


def _model(nodes: list[object], ml: int = 0, functions: tuple[object, ...] | list[object] = ()) -> bytes:
    inputs = [helper.make_tensor_value_info("X", TensorProto.FLOAT, [1])]
    graph = helper.make_graph(
        nodes, "g", inputs, [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [1])]
    )
    opsets = [helper.make_opsetid("ai.onnx", 17), *([helper.make_opsetid("ai.onnx.ml", ml)] if ml else [])]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=list(functions))
    content: bytes = model.SerializeToString()
    return content
