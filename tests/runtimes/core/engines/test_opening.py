"""Opening a model: what is refused, and in which words; levels, formats and libraries."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from runtimes.core.engines import open_engine
from runtimes.core.errors import ModelError
from runtimes.core.manifest import read_manifest
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import from_buffer
from tests.artifacts import make_root
from tests.runtimes.core import models
from tests.runtimes.core.engines.test_onnxruntime_c import array_of, opened, package_session


def test_a_sequence_output_is_refused_at_open(tmp_path: Path) -> None:
    node = helper.make_node("SplitToSequence", ["x"], ["parts"], axis=0)
    sequence = helper.make_tensor_sequence_value_info("parts", TensorProto.FLOAT, None)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])
    made = helper.make_graph([node], "test", [x], [sequence])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    inputs: list[models.Spec] = [("x", "float32", ["batch", 3])]
    outputs: list[models.Spec] = [("parts", "float32", ["batch"])]
    root = make_root(tmp_path / "root", model.SerializeToString(), models.signature(inputs, outputs))
    with pytest.raises(ModelError, match="the output parts is a sequence; only tensors"):
        Predictor(str(root))


def test_a_damaged_model_is_refused_in_the_engines_words(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"ONNX Runtime: .*(failed|Protobuf|parsing)"):
        opened(tmp_path, (b"not a model", models.same("float32")[1]))


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", *models.same("float32"))
    (root / "model" / "model.onnx").unlink()
    with pytest.raises(ModelError, match="does not exist"):
        open_engine(read_manifest(str(root)))


def test_a_missing_library_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_LIBRARY", str(tmp_path / "nowhere.so"))
    with pytest.raises(ModelError, match=r"library .*nowhere.so does not exist"):
        opened(tmp_path, models.same("float32"))


def test_a_library_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "engine.so").write_bytes(b"\x7fELF nothing")
    monkeypatch.setenv("ENGINE_LIBRARY", str(tmp_path / "engine.so"))
    with pytest.raises(ModelError, match="the engine's library cannot be loaded"):
        opened(tmp_path, models.same("float32"))


def test_an_engine_that_is_not_known_is_refused(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", *models.same("float32"), engine={"kind": "abacus"})
    with pytest.raises(ModelError, match="the engine 'abacus'; this runtime has onnxruntime_c"):
        open_engine(read_manifest(str(root)))


@pytest.mark.parametrize("level", ["off", "basic", "extended", "all"])
def test_each_optimization_level_opens_and_answers(tmp_path: Path, level: str) -> None:
    model = models.image()
    with opened(tmp_path, model, graph_optimization=level) as engine:
        (answer,) = engine.run([from_buffer(np.ones((1, 2, 4, 4), np.float32))])
    expected = package_session(model[0]).run(None, {"pixels": np.ones((1, 2, 4, 4), np.float32)})[0]
    np.testing.assert_allclose(array_of(answer), expected, rtol=1e-5)


def test_an_unknown_optimization_level_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="graph_optimization is 'most'"):
        opened(tmp_path, models.image(), graph_optimization="most")
