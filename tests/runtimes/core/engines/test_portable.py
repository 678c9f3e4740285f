"""A model whose weights are mapped answers alike on processors without this one's newer instructions."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from packager import weights
from packager.model import ModelFile, Signature
from tests.artifacts import make_root, manifest_document
from tests.packager.large_models import convolving, dense

QEMU = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
ANSWER = """
import json, sys
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import Tensor
predictor = Predictor(sys.argv[1])
given = json.load(sys.stdin)
rows = Tensor("float32", tuple(given["shape"]), bytes.fromhex(given["data"]))
(answer,) = predictor.run({sys.argv[2]: rows}).values()
print(answer.to_bytes().hex())
"""


def answered(root: Path, rows: NDArray[np.float32], *prefix: str, to: str = "X") -> NDArray[np.float32]:
    """The shipped runtime's answer in a process of its own, under the emulator where one is named."""
    done = subprocess.run(
        [*prefix, sys.executable, "-S", "-B", "-c", ANSWER, str(root), to],
        input=json.dumps({"shape": rows.shape, "data": rows.tobytes().hex()}),
        env={"PATH": os.defpath, "PYTHONPATH": str(Path.cwd())},
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return np.frombuffer(bytes.fromhex(done.stdout), np.float32)


@pytest.mark.skipif(QEMU is None and os.environ.get("CI") != "true", reason="needs qemu-user-static")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the emulated processors are x86-64")
@pytest.mark.parametrize("processor", ["Haswell", "Nehalem"])
@pytest.mark.parametrize("kind", ["dense", "convolving"])
def test_older_processors_answer_alike(tmp_path: Path, kind: str, processor: str) -> None:
    model, signature = dense() if kind == "dense" else convolving()
    (tmp_path / "model.onnx").write_bytes(model)
    whole = ModelFile(tmp_path / "model.onnx", "onnx", Signature((), ()), "", len(model))
    moved = weights.move_out(whole, tmp_path / "moved")
    assert moved.weights is not None
    described = manifest_document(model, signature)["engine"]
    engine = {**described, "graph_optimization": "extended"}
    root = make_root(tmp_path / "root", moved.path.read_bytes(), signature, engine=engine)
    shutil.copy(moved.weights.path, root / "model")
    shape = [2, *(size for size in signature["inputs"][0]["shape"][1:])]
    rows = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    assert QEMU is not None, "CI has qemu-user-static"
    np.testing.assert_allclose(
        answered(root, rows, QEMU, "-cpu", processor), answered(root, rows), rtol=1e-4, atol=1e-5
    )
