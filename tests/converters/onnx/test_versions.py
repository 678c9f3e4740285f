"""Opsets that the engine asks for, by ONNX's own converter: the answers stay those of the file as it came."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from packager.converters.onnx.graph import opset_of
from tests.converters.jobs import assert_answers_alike, do
from tests.converters.onnx.test_conversion import saved, value

RANDOM = np.random.default_rng(0)


def weight(name: str, *shape: int) -> Any:
    return numpy_helper.from_array(RANDOM.normal(size=shape).astype(np.float32), name)


def network(path: Path, opset: int) -> Path:
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["seen"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["seen"], ["positive"]),
        helper.make_node("GlobalAveragePool", ["positive"], ["pooled"]),
        helper.make_node("Reshape", ["pooled", "shape"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    weights = [weight("kernel", 4, 1, 3, 3), numpy_helper.from_array(np.array([-1, 4]), "shape")]
    inputs = [value("x", ["N", 1, 8, 8])]
    if opset < 9:  # weights stand among the inputs there
        inputs += [value(one.name, list(one.dims), one.data_type) for one in weights]
    outputs = [value("probabilities", ["N", 4])]
    ir_version = 3 if opset < 9 else 10
    return saved(path, nodes, inputs, outputs, weights=weights, opsets=[("", opset)], ir_version=ir_version)


@pytest.mark.parametrize(("given", "shipped", "words"), [(6, 7, "raised"), (23, 18, "lowered")])
def test_the_answers_stay_when_the_opset_changes(
    given: int, shipped: int, words: str, tmp_path: Path
) -> None:
    done = do(tmp_path / "job", network(tmp_path / "model.onnx", given))
    assert_answers_alike(done, tolerance=1e-6)
    assert opset_of(onnx.load(done.folder / "model.onnx")) == shipped == done.result["model"]["opset"]
    assert done.result["notes"] == [f"the graph was {words} from opset {given} to {shipped}"]


def test_an_opset_that_the_engine_reads_is_left_alone(tmp_path: Path) -> None:
    done = do(tmp_path / "job", network(tmp_path / "model.onnx", 11))
    assert_answers_alike(done, tolerance=0)
    assert done.result["model"]["opset"] == 11
    assert done.result["notes"] == []


def test_refuses_old_operators_that_the_engine_never_had(tmp_path: Path) -> None:
    """Add of opset 6 names the axis that it broadcasts along; nothing here runs it, so nothing is proved."""
    node = helper.make_node("Add", ["x", "bias"], ["sum"], broadcast=1, axis=1)
    ends = [value("x", ["N", 3, 2]), value("bias", [3])], [value("sum", ["N", 3, 2])]
    path = saved(
        tmp_path / "model.onnx", [node], *ends, weights=[weight("bias", 3)], opsets=[("", 6)], ir_version=3
    )
    error = do(tmp_path / "job", path).error
    assert error["kind"] == "ConversionError"
    assert "Add(6)" in error["message"]
