"""A process that answers has the threads that the manifest promises, and no other."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runtimes.core.errors import ModelError
from runtimes.core.manifest import read_manifest
from tests.artifacts import make_root, manifest_document
from tests.packager.large_models import dense
from tests.runtimes.core import tflite_models

MEMORY = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
THREAD_PER = {MEMORY: 1769}
ANSWER = """
import os, sys
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import Tensor
predictor = Predictor(sys.argv[1])
(spec,) = predictor.manifest.signature.inputs
shape = tuple(size if isinstance(size, int) else 1 for size in spec.shape)
count = 1
for size in shape:
    count *= size
for _ in range(3):
    predictor.run({spec.name: Tensor(spec.dtype, shape, bytes(4 * count))})
print(len(os.listdir("/proc/self/task")))
"""


def threads(root: Path, **environment: str) -> int:
    """How many there are after the first answers, in a process of its own."""
    variables = {"PATH": os.defpath, "PYTHONPATH": str(Path.cwd()), **environment}
    done = subprocess.run(
        [sys.executable, "-S", "-c", ANSWER, str(root)],
        env=variables, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return int(done.stdout)


def rooted(folder: Path, **engine: Any) -> Path:
    model, signature = dense()
    described = manifest_document(model, signature)["engine"]
    return make_root(folder, model, signature, engine={**described, **engine})


def test_one_thread_unless_more_are_asked_for(tmp_path: Path) -> None:
    assert threads(rooted(tmp_path / "root"), **{MEMORY: "10240"}) == 1


@pytest.mark.parametrize(
    ("memory_mb", "count"),
    [("128", 1), ("1769", 1), ("3537", 1), ("3538", 2), ("5307", 3), ("many", 1), ("", 1)],
)
def test_a_function_has_a_thread_for_each_of_its_processors(
    tmp_path: Path, memory_mb: str, count: int
) -> None:
    root = rooted(tmp_path / "root", thread_per=THREAD_PER)
    assert threads(root, **{MEMORY: memory_mb}) == count


def test_without_the_variable_there_is_one(tmp_path: Path) -> None:
    assert threads(rooted(tmp_path / "root", thread_per=THREAD_PER)) == 1


def test_the_manifests_own_number_is_the_least(tmp_path: Path) -> None:
    assert threads(rooted(tmp_path / "root", thread_per=THREAD_PER, intra_op_threads=2)) == 2


def test_the_other_engine_has_one_thread_too(tmp_path: Path) -> None:
    model, signature = tflite_models.exponents()
    assert threads(make_root(tmp_path / "root", model, signature, file="model.tflite")) == 1


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="intra_op_threads is 0; it must be 1 or more"):
        read_manifest(str(rooted(tmp_path / "root", intra_op_threads=0)))
