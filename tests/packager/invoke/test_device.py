"""A bundle is asked on this machine by its own command line, for whichever processor it was built."""

import json
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packager.errors import InvokeError, VerificationError
from packager.invoke import device
from packager.invoke.device import Asked
from tests.artifacts import ENGINES, engine_library
from tests.edge.bundles import change_golden, change_manifest, make_bundle, seal

PYTHON = Path(sys.executable)
ROWS = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
SIGNATURE = {
    "inputs": [{"name": "X", "dtype": "float32", "shape": ["batch", 2]}],
    "outputs": [{"name": "y", "dtype": "float32", "shape": ["batch", 2], "role": "prediction"}],
    "class_labels": [],
    "features": [
        {"name": name, "kind": "number", "input": "X", "column": column, "nullable": False}
        for column, name in enumerate("ab")
    ],
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A model that doubles, in pure Python."""
    return make_bundle(tmp_path / "bundle", doubling(), SIGNATURE, [{"X": ROWS}])


def doubling() -> bytes:
    from onnx import TensorProto, helper

    def value(name: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2])

    node = helper.make_node("Add", ["X", "X"], ["y"])
    graph = helper.make_graph([node], "doubling", [value("X")], [value("y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def answers(bundle: Path, asked: Asked) -> list[Any]:
    return [json.loads(line) for line in device.predict(bundle, PYTHON, None, asked)]


def test_without_a_question_the_first_golden_input_is_asked(bundle: Path) -> None:
    (found,) = answers(bundle, Asked())
    assert found["predictions"] == (ROWS * 2).tolist()


def test_each_row_of_a_file_has_its_line_and_a_refused_one_its_sentence(bundle: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('[1, 2]\n{"a": 1}\n{"b": 4, "a": 3}\n')
    first, second, third = answers(bundle, Asked(rows))
    assert (first["prediction"], third["prediction"]) == ([2, 4], [6, 8])
    assert second["error"]["message"] == "b is missing"


def test_columns_are_rows_too(bundle: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("b,a\n2,1\n")
    assert answers(bundle, Asked(rows))[0]["prediction"] == [2, 4]


def test_a_request_is_answered_as_a_whole(bundle: Path, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"instances": [[1, 2], [0.5, 0]]}, indent=1))
    assert answers(bundle, Asked(request=request))[0]["predictions"] == [[2, 4], [1, 0]]


def test_a_file_that_is_not_there_is_told_before_anything_runs(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(InvokeError, match="there is no file"):
        answers(bundle, Asked(tmp_path / "nothing.csv"))


def test_whoever_reads_no_further_ends_the_bundle(bundle: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("[1, 2]\n" * 50_000)
    lines = device.predict(bundle, PYTHON, None, Asked(rows))
    assert json.loads(next(lines))["prediction"] == [2, 4]
    lines.close()  # type: ignore[attr-defined]


def test_the_self_test_says_rows_and_memory(bundle: Path) -> None:
    found = device.selftest(bundle, PYTHON, None)
    assert (found.rows, found.largest_difference) == (2, 0)
    assert 5 << 20 < found.peak_memory_bytes < 100 << 20


def test_a_bundle_for_another_processor_is_asked_as_if_it_were_for_this_one(bundle: Path) -> None:
    change_manifest(bundle, lambda manifest: manifest["device"].update(arch="riscv64"))
    before = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    assert device.selftest(bundle, PYTHON, None).rows == 2
    assert answers(bundle, Asked())[0]["predictions"] == (ROWS * 2).tolist()
    assert {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()} == before


def test_this_machines_library_stands_in_for_one_that_cannot_be_loaded_here(tmp_path: Path) -> None:
    library = ENGINES["onnx"][2]
    bundle = make_bundle(tmp_path / "bundle", doubling(), SIGNATURE, [{"X": ROWS}], engine="onnxruntime_c")
    (bundle / library).unlink()
    (bundle / library).write_bytes(b"of another processor")
    seal(bundle)
    change_manifest(bundle, lambda manifest: manifest["device"].update(arch="riscv64"))
    assert device.selftest(bundle, PYTHON, engine_library("onnx")).rows == 2
    (answer,) = device.predict(bundle, PYTHON, engine_library("onnx"), Asked())
    assert json.loads(answer)["predictions"] == (ROWS * 2).tolist()
    with pytest.raises(VerificationError, match="library cannot be loaded"):
        device.selftest(bundle, PYTHON, None)


def test_a_bundle_that_answers_otherwise_than_its_source_fails(bundle: Path) -> None:
    change_golden(
        bundle, lambda golden: golden["cases"][0]["outputs"].update(y=golden["cases"][0]["inputs"]["X"])
    )
    with pytest.raises(VerificationError, match="the bundle fails its own self-test"):
        device.selftest(bundle, PYTHON, None)


def test_a_bundle_whose_updater_does_not_run_fails(bundle: Path) -> None:
    broken = bundle / "edge" / "update" / "__pycache__" / f"recovery.{sys.implementation.cache_tag}.pyc"
    broken.parent.mkdir(exist_ok=True)
    broken.write_bytes(MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + b"no code")
    with pytest.raises(VerificationError, match="updater does not run") as caught:
        device.selftest(bundle, PYTHON, None)
    assert "bad marshal data" in caught.value.details[-1]


def test_a_bundle_that_is_not_whole_fails_with_the_file(bundle: Path) -> None:
    (bundle / "model/model.tiny").write_bytes(b"")
    with pytest.raises(VerificationError, match=r"model/model\.tiny has 0 bytes"):
        device.selftest(bundle, PYTHON, None)
    with pytest.raises(InvokeError, match="ended with code 1"):
        answers(bundle, Asked())
