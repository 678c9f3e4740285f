"""The release that is for certain operators alone gives ONNX's own answers for each of them."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from packager import dependencies
from packager.dependencies.engine import Engine, engines
from packager.dependencies.onnx_needs import needs_of
from packager.model import ModelFile, Signature
from packager.targets.aws_lambda import quotas
from runtimes.core.engines._ort_api import load
from runtimes.core.engines.onnxruntime_c import OnnxRuntime
from runtimes.core.tensors import Tensor, from_buffer

pytestmark = pytest.mark.network

PLATFORM = quotas.runtimes()["python3.13"].platform("x86_64")
CASES = Path(onnx.__file__).parent / "backend" / "test" / "data" / "node"
# ONNX has no data of these; every build of a forest holds them to its source.
WITHOUT_DATA = {"ai.onnx.ml.TreeEnsembleClassifier", "ai.onnx.ml.TreeEnsembleRegressor"}
# It says that it cannot, of no numbers at all.
REFUSED = {"test_reduce_max_empty_set"}
DTYPES = {"float32", "float64", "bool", "int32", "int64"}


@cache
def narrow() -> Engine:
    (engine,) = (engine for engine in engines() if engine.operators)
    return engine


@cache
def covered() -> dict[str, onnx.ModelProto]:
    """The cases of these operators alone, in the newest opset that the release reads."""
    takes = narrow().takes
    assert takes is not None
    found = {}
    for folder in sorted(CASES.glob("test_*")):
        model = onnx.load(folder / "model.onnx")
        known = operators(folder / "model.onnx") <= narrow().operators and dtypes(model) <= DTYPES
        if not known or folder.name in REFUSED:
            continue
        if model.opset_import[0].domain == "" and model.opset_import[0].version > takes.max_opset:
            model.opset_import[0].version = takes.max_opset  # later ones of these operators add types alone
        model.ir_version = min(model.ir_version, takes.max_ir_version)
        found[folder.name] = model
    return found


def operators(path: Path) -> frozenset[str]:
    return needs_of(ModelFile(path, "onnx", Signature((), ()), "", 0)).operators


def dtypes(model: onnx.ModelProto) -> set[str]:
    numbers = [value.type.tensor_type.elem_type for value in (*model.graph.input, *model.graph.output)]
    return {str(onnx.helper.tensor_dtype_to_np_dtype(number)) if number else "none" for number in numbers}


def test_each_operator_has_a_case() -> None:
    seen = frozenset().union(*(operators(CASES / name / "model.onnx") for name in covered()))
    assert narrow().operators - seen == WITHOUT_DATA


@pytest.mark.parametrize("at", range(8))
def test_gives_the_answers_that_come_with_the_operators(at: int, tmp_path: Path) -> None:
    library = load(str(dependencies.engine_files(narrow(), PLATFORM).library))
    for name in list(covered())[at::8]:
        model, path = covered()[name], tmp_path / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        takes, gives = (
            [value.name for value in values] for values in (model.graph.input, model.graph.output)
        )
        with OnnxRuntime(library, str(path), takes, gives) as engine:
            answers = engine.run([from_buffer(array) for array in _arrays(CASES / name, "input")])
        for answer, expected in zip(answers, _arrays(CASES / name, "output"), strict=True):
            np.testing.assert_allclose(_array(answer), expected, rtol=1e-3, atol=1e-6, err_msg=name)


def _arrays(folder: Path, which: str) -> Iterator[NDArray[Any]]:
    data = folder / "test_data_set_0"
    for number in range(len(list(data.glob(f"{which}_*.pb")))):
        yield numpy_helper.to_array(onnx.load_tensor(data / f"{which}_{number}.pb"))


def _array(tensor: Tensor) -> NDArray[Any]:
    return np.frombuffer(tensor.to_bytes(), tensor.dtype).reshape(tensor.shape)
