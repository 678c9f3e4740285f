"""Nothing leaks: neither good nor failing runs make the process grow."""

from pathlib import Path

import numpy as np
import pytest

from runtimes.core.engines.onnxruntime_c import OnnxRuntime
from runtimes.core.errors import ModelError
from runtimes.core.manifest import read_manifest
from runtimes.core.tensors import Tensor, from_buffer
from tests.artifacts import make_root
from tests.runtimes.core import models

GROWTH_LIMIT_BYTES = 4_000_000
"""A status, a shape description or a value takes 50 bytes at least, and mostly several times that."""


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def opened(path: Path, model: models.Model) -> OnnxRuntime:
    return OnnxRuntime.open(read_manifest(str(make_root(path, *model))))


def growth(work: object, rounds: int) -> int:
    """By how much the process grew over ``rounds`` calls, after a tenth of them to warm up."""
    assert callable(work)
    for _ in range(rounds // 10):
        work()
    before = resident_bytes()
    for _ in range(rounds):
        work()
    return resident_bytes() - before


def test_20000_good_runs_of_changing_shapes_do_not_grow_the_process(tmp_path: Path) -> None:
    rows = [from_buffer(np.ones((size, 3), np.float64)) for size in range(1, 21)]
    with opened(tmp_path / "root", models.same("float64")) as engine:
        assert growth(lambda: [engine.run([row]) for row in rows], 1000) < GROWTH_LIMIT_BYTES


def test_20000_runs_with_text_do_not_grow_the_process(tmp_path: Path) -> None:
    texts = Tensor("string", (1, 3), ["a text that is too long for a small string" * 3, "", "b\0c"])
    with opened(tmp_path / "root", models.same("string")) as engine:
        assert growth(lambda: engine.run([texts]), 20_000) < GROWTH_LIMIT_BYTES


def test_2000_failing_runs_do_not_grow_the_process(tmp_path: Path) -> None:
    wrong = [from_buffer(np.array([[1, 99]])), from_buffer(np.full((1, 500), -77))]
    with opened(tmp_path / "root", models.embedding()) as engine:
        engine.run([from_buffer(np.array([[1, 2]]))])

        def fail() -> None:
            for tensor in wrong:
                with pytest.raises(ModelError):
                    engine.run([tensor])

        assert growth(fail, 2000) < GROWTH_LIMIT_BYTES


def test_tensors_that_do_not_fit_their_shape_leave_nothing_behind(tmp_path: Path) -> None:
    good, short = from_buffer(np.ones((1, 200_000))), Tensor("float64", (1, 2), b"1234")
    model = models.switch()
    with opened(tmp_path / "root", model) as engine:

        def fail() -> None:
            with pytest.raises(ModelError, match="takes 16 bytes, not 4"):
                engine.run([good, good, short])

        assert growth(fail, 2000) < GROWTH_LIMIT_BYTES


def test_opening_and_closing_200_times_does_not_grow_the_process(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", *models.image())
    manifest = read_manifest(str(root))
    pixels = from_buffer(np.ones((1, 2, 4, 4), np.float32))

    def once() -> None:
        with OnnxRuntime.open(manifest) as engine:
            engine.run([pixels])
            engine.run([pixels])

    assert growth(once, 200) < GROWTH_LIMIT_BYTES
