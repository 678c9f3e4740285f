"""Small weights in the engines that ship: in the smaller release, mapped from a file, on older processors."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from packager import dependencies, weights
from packager.dependencies import release
from packager.layout import Platform
from packager.manifest import read_signature
from packager.model import ModelFile
from packager.targets.aws_lambda import quotas
from tests.artifacts import make_root, manifest_document
from tests.converters.jobs import Done
from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import Array, passed
from tests.packager.pinned import HERE

QEMU = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
WIDTH = 320
ANSWER = """
import json, sys
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import Tensor
given = json.load(sys.stdin)
rows = Tensor("float32", tuple(given["shape"]), bytes.fromhex(given["data"]))
(answer,) = Predictor(sys.argv[1]).run({"X": rows}).values()
print(answer.to_bytes().hex())
"""


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A net whose weights are large enough to be mapped, as floats and as integers."""
    random = np.random.default_rng(0)
    stored = {
        name: random.standard_normal((WIDTH, WIDTH)).astype(np.float32) / 18 for name in ("a", "b", "c")
    }
    nodes = [
        helper.make_node("MatMul", ["X", "a"], ["1"]),
        helper.make_node("Tanh", ["1"], ["2"]),
        helper.make_node("Gemm", ["2", "b"], ["3"], transB=1),
        helper.make_node("Tanh", ["3"], ["4"]),
        helper.make_node("MatMul", ["4", "c"], ["Y"]),
    ]
    model = nets.graph(nodes, stored, {"X": ["batch", WIDTH]}, {"Y": ["batch", WIDTH]})
    return nets.converted(tmp_path_factory.mktemp("wide"), model)


def rows() -> Array:
    return np.random.default_rng(1).standard_normal((4, WIDTH)).astype(np.float32)


def platform() -> Platform:
    return quotas.runtimes()["python3.13"].platform(HERE)


def model_file(done: Done) -> ModelFile:
    path = done.folder / "model.onnx"
    return ModelFile(path, "onnx", read_signature(done.signature), "", path.stat().st_size)


def laid_out(done: Done, folder: Path, version: str) -> Path:
    """A root with the weights in a file of their own, and the engine of that release."""
    moved = weights.move_out(model_file(done), folder / "moved")
    assert moved.weights is not None
    engine = manifest_document(b"", done.signature)["engine"] | {
        "version": version,
        "graph_optimization": "extended",
    }
    root = make_root(folder / "root", moved.path.read_bytes(), done.signature, engine=engine)
    shutil.copy(moved.weights.path, root / "model")
    library = dependencies.engine_files(release.pinned(platform(), version), platform()).library
    assert library is not None
    (root / "lib/libonnxruntime.so.1").unlink()
    (root / "lib/libonnxruntime.so.1").symlink_to(library)
    return root


def answered(root: Path, *prefix: str) -> Array:
    done = subprocess.run(
        [*prefix, sys.executable, "-S", "-B", "-c", ANSWER, str(root)],
        input=json.dumps({"shape": rows().shape, "data": rows().tobytes().hex()}),
        env={"PATH": os.defpath, "PYTHONPATH": str(Path.cwd())},
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return np.frombuffer(bytes.fromhex(done.stdout), np.float32).reshape(4, WIDTH)


STORED: list[dict[str, Any]] = [
    {"kind": "float16"},
    {"kind": "weight_only"},
    {"kind": "weight_only", "bits": 4, "symmetric": False},
]


@pytest.mark.skipif(HERE != "x86_64", reason="the smaller release is for x86-64 alone")
@pytest.mark.parametrize("options", STORED, ids=str)
def test_weights_that_are_unpacked_when_opened_need_no_larger_engine(
    wide: Done, tmp_path: Path, options: dict[str, Any]
) -> None:
    done = passed(tmp_path / "passed", wide, options)
    chosen = release.choose_release(platform(), dependencies.needs_of(model_file(done)))
    assert chosen.engine.version == "1.20.1"
    found = answered(laid_out(done, tmp_path, "1.20.1"))
    np.testing.assert_allclose(found, nets.answers(done, rows()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{"kind": "weight_only", "bits": 4, "how": "matmul_nbits"}], ids=str)
def test_the_engine_s_own_operator_needs_the_newest(
    wide: Done, tmp_path: Path, options: dict[str, Any]
) -> None:
    done = passed(tmp_path / "passed", wide, options)
    chosen = release.choose_release(platform(), dependencies.needs_of(model_file(done)))
    assert chosen.engine.version == "1.31.1"
    found = answered(laid_out(done, tmp_path, "1.31.1"))
    assert nets.error(nets.answers(wide, rows()), found) < 0.2


@pytest.mark.skipif(QEMU is None and os.environ.get("CI") != "true", reason="needs qemu-user-static")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the emulated processors are x86-64")
@pytest.mark.parametrize("options", [STORED[1], STORED[2], {"kind": "weight_only", "how": "matmul_nbits"}])
def test_older_processors_answer_alike(wide: Done, tmp_path: Path, options: dict[str, Any]) -> None:
    root = laid_out(passed(tmp_path / "passed", wide, options), tmp_path, "1.31.1")
    assert QEMU is not None, "CI has qemu-user-static"
    np.testing.assert_allclose(answered(root, QEMU, "-cpu", "Haswell"), answered(root), rtol=1e-4, atol=1e-5)
