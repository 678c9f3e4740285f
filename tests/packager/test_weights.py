"""An ONNX model's weights beside it: the same graph, the same numbers, each on a page of its own."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from packager import weights
from packager.model import ModelFile, Signature
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import Tensor
from tests.artifacts import make_root
from tests.packager.large_models import dense


def _file(folder: Path, model: bytes) -> ModelFile:
    path = folder / "model.onnx"
    path.write_bytes(model)
    return ModelFile(path, "onnx", Signature((), ()), "ab" * 32, len(model), 18)


def test_the_graph_and_its_numbers_are_the_same(tmp_path: Path) -> None:
    model, _ = dense()
    moved = weights.move_out(_file(tmp_path, model), tmp_path / "moved")
    before, after = onnx.load_from_string(model), onnx.load(moved.path)  # onnx reads the file beside it
    assert after.graph.node == before.graph.node
    pairs = list(zip(before.graph.initializer, after.graph.initializer, strict=True))
    assert len(pairs) == 3
    for old, new in pairs:
        assert old.name == new.name
        np.testing.assert_array_equal(numpy_helper.to_array(old), numpy_helper.to_array(new))
    onnx.checker.check_model(str(moved.path), full_check=True)


def test_each_large_tensor_begins_on_a_page_and_small_ones_stay(tmp_path: Path) -> None:
    moved = weights.move_out(_file(tmp_path, dense()[0]), tmp_path / "moved")
    graph = onnx.load(moved.path, load_external_data=False).graph
    places = {
        tensor.name: {entry.key: entry.value for entry in tensor.external_data}
        for tensor in graph.initializer
    }
    assert places.pop("bias") == {}
    assert [int(place["offset"]) % weights.PAGE_BYTES for place in places.values()] == [0, 0]
    assert {place["location"] for place in places.values()} == {weights.FILE_NAME}
    assert moved.weights is not None
    assert moved.weights.path.stat().st_size == moved.weights.size_bytes
    assert moved.size_bytes < 1000 < moved.weights.size_bytes == moved.total_bytes - moved.size_bytes


def test_its_version_is_that_of_the_whole_model(tmp_path: Path) -> None:
    whole = _file(tmp_path, dense()[0])
    moved = weights.move_out(whole, tmp_path / "moved")
    assert moved.sha256 != whole.sha256
    assert moved.version == whole.version == "ab" * 6


def test_a_model_without_large_weights_is_left_as_it_is(tmp_path: Path) -> None:
    small = _file(tmp_path, dense(width=4)[0])
    assert weights.move_out(small, tmp_path / "moved") is small


def test_what_was_moved_out_is_brought_back_to_the_byte(tmp_path: Path) -> None:
    model, _ = dense()
    moved = weights.move_out(_file(tmp_path, model), tmp_path / "moved")
    assert weights.bring_back(moved.path) == model


def test_the_shipped_runtime_answers_from_the_file_beside(tmp_path: Path) -> None:
    model, signature = dense()
    moved = weights.move_out(_file(tmp_path, model), tmp_path / "moved")
    rows = np.random.default_rng(1).standard_normal((3, 200)).astype(np.float32)
    answers = []
    for name, content in (("whole", model), ("moved", moved.path.read_bytes())):
        root = make_root(tmp_path / name, content, signature)
        (root / "model" / weights.FILE_NAME).write_bytes(
            (tmp_path / "moved" / weights.FILE_NAME).read_bytes()
        )
        with Predictor(str(root)) as predictor:
            answers.append(predictor.run({"X": Tensor("float32", (3, 200), rows.tobytes())})["Y"].to_bytes())
    assert answers[0] == answers[1]


def test_a_truncated_file_beside_is_refused_by_the_runtime(tmp_path: Path) -> None:
    from runtimes.core.errors import ModelError

    model, signature = dense()
    moved = weights.move_out(_file(tmp_path, model), tmp_path / "moved")
    root = make_root(tmp_path / "root", moved.path.read_bytes(), signature)
    held = (tmp_path / "moved" / weights.FILE_NAME).read_bytes()
    (root / "model" / weights.FILE_NAME).write_bytes(held[:-1])
    with pytest.raises(ModelError, match="ONNX Runtime"):
        Predictor(str(root))
