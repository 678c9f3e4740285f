"""Models written weight by weight are the bytes of their own serialization."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from packager.converters.onnx.writing import write
from tests.converters.onnx.test_conversion import value


@pytest.mark.parametrize("sizes", [(), (1,), (0, 3, 70_000)])
def test_writes_what_the_serialization_is(sizes: tuple[int, ...], tmp_path: Path) -> None:
    weights = [numpy_helper.from_array(np.ones(size, dtype=np.float32), f"w{size}") for size in sizes]
    node = helper.make_node("Relu", ["x"], ["y"], doc_string="ü")
    graph = helper.make_graph([node], "graph", [value("x", ["N"])], [value("y", ["N"])], weights, "doc")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="someone")
    helper.set_model_props(model, {"key": "value"})
    write(model, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == model.SerializeToString(deterministic=True)
    assert onnx.load(tmp_path / "model.onnx") == model
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
