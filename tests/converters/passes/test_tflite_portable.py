"""Quantized TFLite answers alike on processors without this one's newer instructions."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.artifacts import make_root
from tests.converters.passes import tflite_models as nets
from tests.converters.passes.tflite_models import convert, digits, model_bytes, passed
from tests.runtimes.core.engines.test_portable import QEMU, answered

ROWS = digits().images[1200:1220]


@pytest.mark.skipif(QEMU is None and os.environ.get("CI") != "true", reason="needs qemu-user-static")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the emulated processors are x86-64")
@pytest.mark.parametrize(
    ("kind", "difference"), [("tflite_full_int8", 0.0), ("tflite_int16", 0.0), ("tflite_dynamic_int8", 0.1)]
)
def test_older_processors_answer_alike(tmp_path: Path, kind: str, difference: float) -> None:
    """To the byte where all is whole numbers; where floats are rounded at each run, to a step of that."""
    converted = convert(tmp_path / "net", nets.convolving(), digits().images[nets.TRAINED])
    done = passed(tmp_path / "pass", converted, {"kind": kind})
    root = make_root(tmp_path / "root", model_bytes(done), done.result["signature"], file="model.tflite")
    assert QEMU is not None, "CI has qemu-user-static"
    own = answered(root, ROWS, to="image")
    for processor in ("Haswell", "Nehalem"):
        assert np.abs(answered(root, ROWS, QEMU, "-cpu", processor, to="image") - own).max() <= difference
