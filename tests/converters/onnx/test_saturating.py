"""An int8 model of somebody else's that answers otherwise on some processors is told as one."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import quantize_dynamic

from tests.converters.jobs import do
from tests.converters.passes import weight_models as nets


@pytest.mark.parametrize(("reduce_range", "is_told"), [(False, True), (True, False)])
def test_weights_of_all_8_bits_are_told(reduce_range: bool, is_told: bool, tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "net")
    made = tmp_path / "quantized.onnx"
    quantize_dynamic(net.path, made, reduce_range=reduce_range)
    done = do(tmp_path / "done", made)
    told = [note for note in done.result["notes"] if "without VNNI" in note]
    assert len(told) == is_told


def test_whole_numbers_that_nothing_multiplies_in_8_bits_are_no_matter(tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "net")
    packed = nets.passed(tmp_path / "packed", net.done, {"kind": "weight_only"}).folder / "model.onnx"
    stored = [onnx.numpy_helper.to_array(one) for one in onnx.load(packed).graph.initializer]
    assert max(np.abs(one.astype(int)).max() for one in stored if one.dtype == np.int8) > 64
    assert do(tmp_path / "done", packed).result["notes"] == []
