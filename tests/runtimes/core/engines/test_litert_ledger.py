"""Everything that LiteRT hands out is given back, the models' memory too: counted call by call."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtimes.core.engines._litert_api import Library
from runtimes.core.engines.litert_c import LiteRt
from runtimes.core.errors import ModelError
from runtimes.core.signature import read_signature
from runtimes.core.tensors import Tensor, from_buffer
from tests.artifacts import engine_library
from tests.runtimes.core import tflite_models as models
from tests.runtimes.core.models import Model

GIVES = {
    "create_model": "model",
    "create_options": "options",
    "compile": "compiled",
    "create_buffer": "buffer",
}
TAKES = {
    "release_model": "model",
    "release_options": "options",
    "release_compiled": "compiled",
    "release_buffer": "buffer",
}


class Ledger:
    """The real library, whose every call is written down: what is given out and not yet taken back."""

    def __init__(self) -> None:
        self.library: Any = Library(str(engine_library("tflite")))
        self.open: Counter[str] = Counter()
        self.given: Counter[str] = Counter()
        for name in (*GIVES, *TAKES):
            setattr(self.library, name, self.counted(name, getattr(self.library, name)))

    def counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            status = call(*arguments)
            if name in TAKES:
                self.open[TAKES[name]] -= 1
            elif not status:
                self.open[GIVES[name]] += 1
                self.given[GIVES[name]] += 1
            return status

        return wrapped

    def engine(self, path: Path, model: Model) -> LiteRt:
        path.write_bytes(model[0])
        return LiteRt(self.library, str(path), read_signature(model[1]))


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    made = Ledger()
    yield made
    gc.collect()
    assert {kind: count for kind, count in made.open.items() if count} == {}


def test_runs_of_changing_shapes_give_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.engine(tmp_path / "model.tflite", models.switch()) as engine:
        for rows in (1, 2, 1, 1, 3, 2):
            numbers = from_buffer(np.ones((rows, 2), np.float32))
            engine.run([Tensor("bool", (rows, 2), bytes(rows * 2)), numbers, numbers])
            assert ledger.open["buffer"] == 5
    assert ledger.given == {"model": 1, "options": 1, "compiled": 1, "buffer": 5 * 5}


def test_a_model_with_state_gives_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.engine(tmp_path / "model.tflite", models.recurrent()) as engine:
        for _ in range(4):
            engine.run([from_buffer(np.ones((1, 2, 2), np.float32))])
            assert ledger.open["compiled"] == 0
    assert ledger.given == {"model": 1, "options": 4, "compiled": 4, "buffer": 8}


def test_values_that_the_model_refuses_give_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.engine(tmp_path / "model.tflite", models.embedding()) as engine:
        for token in (2, 9, 3, 9, 9):
            tensor = from_buffer(np.array([[1, token]], np.int32))
            if token == 9:
                with pytest.raises(ModelError):
                    engine.run([tensor])
            else:
                engine.run([tensor])
    assert ledger.given["compiled"] == 3  # what failed halfway is not used again


def test_shapes_that_the_model_refuses_give_everything_back(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.engine(tmp_path / "model.tflite", models.linear()) as engine:
        for shape in ((0, 2), (1, 3), (1, 2, 2)):
            with pytest.raises(ModelError, match="LiteRT cannot take an input"):
                engine.run([from_buffer(np.ones(shape, np.float32))])


@pytest.mark.parametrize("model", [(b"no model", models.linear()[1]), models.custom()])
def test_a_model_that_cannot_be_opened_gives_everything_back(
    ledger: Ledger, tmp_path: Path, model: Model
) -> None:
    with pytest.raises(ModelError):
        ledger.engine(tmp_path / "model.tflite", model)
