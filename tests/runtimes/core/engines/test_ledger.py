"""Everything that ONNX Runtime hands out is given back, to the last status: counted call by call."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtimes.core.engines._ort_api import _STATUS_CALLS, Library
from runtimes.core.engines.onnxruntime_c import OnnxRuntime
from runtimes.core.errors import ModelError
from runtimes.core.tensors import Tensor, from_buffer
from tests.artifacts import Document, engine_library
from tests.runtimes.core import models

GIVES = {
    "create_session": "session",
    "create_session_options": "options",
    "session_input_type": "type",
    "session_output_type": "type",
    "session_input_name": "string",
    "session_output_name": "string",
    "create_tensor": "value",
    "create_tensor_with_data": "value",
    "tensor_info": "info",
}
TAKES = {
    "release_status": "status",
    "release_session": "session",
    "release_session_options": "options",
    "release_type_info": "type",
    "release_tensor_info": "info",
    "release_value": "value",
    "allocator_free": "string",
}


class Ledger:
    """The real library, whose every call is written down: what is given out and not yet taken back."""

    def __init__(self) -> None:
        self.library: Any = Library(str(engine_library()))
        self.open: Counter[str] = Counter()
        self.given: Counter[str] = Counter()
        for name in _STATUS_CALLS:
            setattr(self.library, name, self.counted(name, getattr(self.library, name)))
        for name in TAKES:
            if name not in _STATUS_CALLS:
                setattr(self.library, name, self.counted(name, getattr(self.library, name)))

    def counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            missing = [at for at, value in enumerate(arguments[7]) if not value] if name == "run" else []
            status = call(*arguments)
            if name in TAKES:
                self.open[TAKES[name]] -= 1
            elif status:
                self.give("status")
            elif name in GIVES:
                self.give(GIVES[name])
            for at in missing:
                if arguments[7][at]:
                    self.give("value")
            return status

        return wrapped

    def give(self, kind: str) -> None:
        self.open[kind] += 1
        self.given[kind] += 1

    def engine(self, path: Path, model: bytes, signature: Document) -> OnnxRuntime:
        path.write_bytes(model)
        names = [[spec["name"] for spec in signature[side]] for side in ("inputs", "outputs")]
        return OnnxRuntime(self.library, str(path), *names)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    made = Ledger()
    yield made
    gc.collect()
    assert {kind: count for kind, count in made.open.items() if count} == {}


def test_good_runs_give_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.engine(tmp_path / "model.onnx", *models.switch()) as engine:
        for rows in (1, 2, 1, 1, 3, 2):
            numbers = from_buffer(np.ones((rows, 2)))
            engine.run([Tensor("bool", (rows, 2), bytes(rows * 2)), numbers, numbers])
    assert set(ledger.given) == {"session", "options", "type", "string", "value", "info"}


def test_text_gives_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.engine(tmp_path / "model.onnx", *models.same("string")) as engine:
        for texts in (["a", "", "b\0c"], ["x" * 500] * 3):
            engine.run([Tensor("string", (1, 3), texts)])
    assert ledger.given["value"] == 4  # a plain run, then a prepared one


def test_values_that_the_model_refuses_give_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.engine(tmp_path / "model.onnx", *models.embedding()) as engine:
        for tokens in ([[1, 9]], [[1, 2]], [[1, 3]], [[1, 9]], [[-7, 9]]):
            if tokens[0][1] == 9:
                with pytest.raises(ModelError):
                    engine.run([from_buffer(np.array(tokens))])
            else:
                engine.run([from_buffer(np.array(tokens))])
    assert ledger.given["status"] == 5  # once alone, then twice each: in the prepared and the plain run


def test_tensors_that_do_not_fit_give_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    good, short = from_buffer(np.ones((1, 2))), Tensor("float64", (1, 2), b"1234")
    flags = Tensor("bool", (1, 2), b"\0\1")
    with ledger.engine(tmp_path / "model.onnx", *models.switch()) as engine:
        with pytest.raises(ModelError, match="takes 16 bytes, not 4"):
            engine.run([flags, good, short])
        with pytest.raises(ModelError, match="Unexpected input data type"):
            engine.run([good, good, good])
    assert ledger.given["value"] == 2 + 3


def test_too_few_texts_give_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    with (
        ledger.engine(tmp_path / "model.onnx", *models.same("string")) as engine,
        pytest.raises(ModelError, match="ONNX Runtime"),
    ):
        engine.run([Tensor("string", (1, 3), ["a", "b"])])
    assert (ledger.given["value"], ledger.given["status"]) == (1, 1)


def test_output_shapes_that_change_give_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    from onnx import helper

    nodes = [helper.make_node("NonZero", ["x"], ["places"])]
    model = models.made(nodes, [("x", "float32", ["batch", 3])], [("places", "int64", [2, "n"])])
    with ledger.engine(tmp_path / "model.onnx", *model) as engine:
        for row in ([1, 0, 1], [0, 0, 1], [1, 1, 1]):
            engine.run([from_buffer(np.array([row], np.float32))])
    assert ledger.given["status"] == 2  # the prepared runs of the later two


def test_a_model_that_cannot_be_opened_gives_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    _, signature = models.same("float32")
    with pytest.raises(ModelError):
        ledger.engine(tmp_path / "model.onnx", b"no model", signature)
    assert ledger.given == {"options": 1, "status": 1}
