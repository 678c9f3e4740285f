"""Int8 answers alike on processors with and without VNNI; all 8 bits of signed weights would not."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from tests.artifacts import make_root
from tests.converters.passes import int8_models as int8
from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import Array, passed
from tests.runtimes.core.engines.test_portable import QEMU, answered

pytestmark = [
    pytest.mark.skipif(QEMU is None and os.environ.get("CI") != "true", reason="needs qemu-user-static"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the emulated processors are x86-64"),
]


def saturating(kind: str) -> tuple[onnx.ModelProto, Array]:
    """Weights of one sign and large inputs: the sums of two products are the largest that there are."""
    random = np.random.default_rng(0)

    def one_sign(*shape: int) -> Array:
        signs = np.sign(random.standard_normal((shape[0], *[1] * (len(shape) - 1))))
        return (signs * random.uniform(0.7, 1, shape)).astype(np.float32)

    if kind == "convolution":
        weights = {"w": one_sign(32, 16, 3, 3), "b": np.zeros(32, np.float32)}
        nodes = [helper.make_node("Conv", ["X", "w", "b"], ["Y"], "layer", pads=[1, 1, 1, 1])]
        inputs, outputs = ["batch", 16, 8, 8], ["batch", 32, 8, 8]
    elif kind == "cells":
        weights = {"w": one_sign(1, 128, 64) / 100, "r": one_sign(1, 128, 32) / 100, "at": np.zeros(1, "i8")}
        nodes = [
            helper.make_node("Transpose", ["X"], ["x"], perm=[1, 0, 2]),
            helper.make_node("LSTM", ["x", "w", "r"], ["", "h"], "layer", hidden_size=32),
            helper.make_node("Squeeze", ["h", "at"], ["Y"]),
        ]
        inputs, outputs = ["batch", 5, 64], ["batch", 32]
    else:
        weights = {"w": one_sign(32, 64), "b": np.zeros(32, np.float32)}
        nodes = [helper.make_node("Gemm", ["X", "w", "b"], ["Y"], "layer", transB=1)]
        inputs, outputs = ["batch", 64], ["batch", 32]
    model = nets.graph(nodes, weights, {"X": inputs}, {"Y": outputs})
    rows = random.uniform(0.6, 1, (8, *[size for size in inputs if isinstance(size, int)])).astype(np.float32)
    rows.flat[0] = 0
    return model, rows


def root_of(tmp_path: Path, kind: str, options: dict[str, Any]) -> tuple[Path, Array]:
    model, rows = saturating(kind)
    before = nets.converted(tmp_path, model)
    given = int8.calibration(tmp_path / "rows", {"X": rows})
    done = passed(tmp_path / "passed", before, options, calibration=given)
    content = (done.folder / "model.onnx").read_bytes()
    return make_root(tmp_path / "root", content, done.signature), rows


CASES = [
    ("convolution", {"kind": "static_int8"}),
    ("product", {"kind": "static_int8", "weights": "uint8"}),
    ("product", {"kind": "dynamic_int8"}),
    ("cells", {"kind": "dynamic_int8"}),
]


@pytest.mark.parametrize(
    ("kind", "options"), CASES, ids=[" ".join([kind, *options.values()]) for kind, options in CASES]
)
def test_older_processors_answer_alike(tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    root, rows = root_of(tmp_path, kind, options)
    here = answered(root, rows)
    assert QEMU is not None, "CI has qemu-user-static"
    for processor in ("Haswell", "Nehalem"):
        np.testing.assert_allclose(answered(root, rows, QEMU, "-cpu", processor), here, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "options"), [CASES[0], CASES[2]], ids=["static", "dynamic"])
def test_all_8_bits_of_signed_weights_answer_otherwise_without_vnni(
    tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    root, rows = root_of(tmp_path, kind, {**options, "reduce_range": False})
    assert QEMU is not None, "CI has qemu-user-static"
    without, oldest = (answered(root, rows, QEMU, "-cpu", name) for name in ("Haswell", "Nehalem"))
    assert np.abs(without - oldest).max() > 0.1 * np.abs(oldest).max()
