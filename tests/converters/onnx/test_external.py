"""Weights beside the model: taken in from its own folder, and from nowhere else."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.converters.jobs import assert_answers_alike, do
from tests.converters.onnx.test_conversion import saved, value

WEIGHT = np.arange(12, dtype=np.float32).reshape(4, 3)


def apart(location: str, **entries: str) -> Any:
    """A weight whose numbers lie in another file."""
    tensor = numpy_helper.from_array(WEIGHT, "weight")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=text)
    return tensor


def model(path: Path, tensor: Any, *, constant: bool = False) -> Path:
    nodes = [helper.make_node("Constant", [], ["weight"], value=tensor)] if constant else []
    nodes.append(helper.make_node("MatMul", ["rows", "weight"], ["scores"]))
    weights = [] if constant else [tensor]
    ends = [value("rows", ["N", 4])], [value("scores", ["N", 3])]
    return saved(path, nodes, *ends, weights=weights)


def written(folder: Path, name: str = "weights/first.bin", before: bytes = b"") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(before + WEIGHT.tobytes())
    return file


@pytest.mark.parametrize("constant", [False, True])
def test_weights_beside_the_model_are_taken_in(constant: bool, tmp_path: Path) -> None:
    file = written(tmp_path, before=b"12345678")
    tensor = apart("weights/first.bin", offset="8", length=str(WEIGHT.nbytes))
    path = model(tmp_path / "model.onnx", tensor, constant=constant)
    done = do(tmp_path / "job", path)
    assert_answers_alike(done, tolerance=1e-6)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert done.result["source"]["files"] == [["weights/first.bin", digest]]
    shipped = onnx.load(done.folder / "model.onnx", load_external_data=False)
    assert b"weights/first.bin" not in shipped.SerializeToString()
    file.unlink()
    assert_answers_alike(done, tolerance=1e-6)


@pytest.mark.parametrize(
    "location",
    [
        "../weights/first.bin",
        "weights/../../weights/first.bin",
        "/etc/passwd",
        "",
        "c:first.bin",
        "w\\first.bin",
    ],
)
def test_refuses_weights_that_lie_elsewhere(location: str, tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "inner").mkdir()
    error = do(tmp_path / "job", model(tmp_path / "inner" / "model.onnx", apart(location))).error
    assert (error["kind"], "not beside the model" in error["message"]) == ("UnsafeModelError", True), error


@pytest.mark.parametrize("link", ["file", "folder"])
def test_refuses_links(link: str, tmp_path: Path) -> None:
    written(tmp_path, "elsewhere/first.bin")
    (tmp_path / "inner").mkdir()
    if link == "file":
        (tmp_path / "inner" / "first.bin").symlink_to(tmp_path / "elsewhere" / "first.bin")
    else:
        (tmp_path / "inner" / "weights").symlink_to(tmp_path / "elsewhere")
    name = "first.bin" if link == "file" else "weights/first.bin"
    error = do(tmp_path / "job", model(tmp_path / "inner" / "model.onnx", apart(name))).error
    assert error["kind"] == "UnsafeModelError"
    assert "a link to another place" in error["message"]


def cut(file: Path) -> Any:
    file.write_bytes(file.read_bytes()[:-1])
    return apart("weights/first.bin")


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda file: apart("weights/second.bin"), "which is not beside it"),
    "cut": (cut, "needs 48 bytes, and weights/first.bin has 47"),
    "far": (lambda file: apart("weights/first.bin", offset="40", length="48"), "has 8 for it"),
    "long": (lambda file: apart("weights/first.bin", length=str(1 << 40)), "needs 48 bytes"),
    "words": (lambda file: apart("weights/first.bin", offset="-4"), "no number of bytes"),
}


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_refuses_weights_that_are_not_whole(name: str, tmp_path: Path) -> None:
    change, words = DAMAGES[name]
    tensor = change(written(tmp_path))
    error = do(tmp_path / "job", model(tmp_path / "model.onnx", tensor)).error
    assert (error["kind"], words in error["message"]) == ("SourceError", True), error


def test_refuses_more_weights_than_one_file_holds(tmp_path: Path) -> None:
    """The file has holes where it has no bytes: nothing of that size is written or read."""
    with (tmp_path / "huge.bin").open("wb") as file:
        file.truncate(3 << 30)
    tensor = apart("huge.bin")
    del tensor.dims[:]
    tensor.dims.extend([3 << 14, 1 << 14])
    error = do(tmp_path / "job", model(tmp_path / "model.onnx", tensor)).error
    assert error["kind"] == "ConversionError"
    assert "3,221,225,472 bytes, and one ONNX file holds" in error["message"]
