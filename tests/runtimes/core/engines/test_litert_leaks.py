"""Nothing leaks in the engine for TFLite: neither good nor failing runs make the process grow."""

from pathlib import Path

import numpy as np
import pytest

from runtimes.core.engines.litert_c import LiteRt
from runtimes.core.errors import ModelError
from runtimes.core.manifest import read_manifest
from runtimes.core.tensors import from_buffer
from tests.artifacts import make_root
from tests.runtimes.core import tflite_models as models
from tests.runtimes.core.engines.test_leaks import GROWTH_LIMIT_BYTES, growth
from tests.runtimes.core.models import Model


def opened(path: Path, model: Model) -> LiteRt:
    return LiteRt.open(read_manifest(str(make_root(path, *model, file="model.tflite"))))


def test_20000_good_runs_do_not_grow_the_process(tmp_path: Path) -> None:
    row = from_buffer(np.ones((1, 2), np.float32))
    with opened(tmp_path / "root", models.linear()) as engine:
        assert growth(lambda: engine.run([row]), 20_000) < GROWTH_LIMIT_BYTES


def test_4000_runs_of_changing_shapes_do_not_grow_the_process(tmp_path: Path) -> None:
    rows = [from_buffer(np.ones((size, 4, 4, 2), np.float32)) for size in range(1, 5)]
    with opened(tmp_path / "root", models.image()) as engine:
        assert growth(lambda: [engine.run([row]) for row in rows], 1000) < GROWTH_LIMIT_BYTES


def test_2000_runs_with_state_do_not_grow_the_process(tmp_path: Path) -> None:
    steps = from_buffer(np.ones((1, 2, 2), np.float32))
    with opened(tmp_path / "root", models.recurrent()) as engine:
        assert growth(lambda: engine.run([steps]), 2000) < GROWTH_LIMIT_BYTES


def test_2000_failing_runs_do_not_grow_the_process(tmp_path: Path) -> None:
    wrong = from_buffer(np.array([[1, 99]], np.int32))
    with opened(tmp_path / "root", models.embedding()) as engine:

        def fail() -> None:
            with pytest.raises(ModelError):
                engine.run([wrong])

        assert growth(fail, 2000) < GROWTH_LIMIT_BYTES


def test_opening_and_closing_300_times_does_not_grow_the_process(tmp_path: Path) -> None:
    manifest = read_manifest(str(make_root(tmp_path / "root", *models.image(1), file="model.tflite")))
    pixels = from_buffer(np.ones((1, 4, 4, 2), np.float32))

    def once() -> None:
        with LiteRt.open(manifest) as engine:
            engine.run([pixels])

    assert growth(once, 300) < GROWTH_LIMIT_BYTES
