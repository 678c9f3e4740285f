"""The engine tiny as a whole: what it refuses to open, what a closed one says, several threads at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

from packager.converters.tiny.graph import lower
from packager.converters.tiny.writer import MAGIC
from runtimes.core.engines import open_engine
from runtimes.core.engines.tiny import Tiny
from runtimes.core.errors import ModelError
from runtimes.core.manifest import read_manifest
from tests.artifacts import make_root
from tests.runtimes.core import models
from tests.runtimes.core.engines.tiny.running import array_of, signature_of, tensor_of

_HEAD = len(MAGIC) + 4


def _written() -> bytes:
    model = onnx.load_from_string(models.linear()[0])
    return lower(model, signature_of(model)).data


def _opened(folder: Path, data: bytes) -> Tiny:
    root = make_root(folder / "root", data, models.linear()[1], engine={"kind": "tiny"})
    engine = open_engine(read_manifest(str(root)))
    assert isinstance(engine, Tiny)
    return engine


def _nested(data: bytes) -> bytes:
    return data[: len(MAGIC)] + (100_000).to_bytes(4, "little") + b"[" * 100_000


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"\x08" + data[1:],
        lambda data: data[: _HEAD + 20],
        lambda data: data[:-8],
        lambda data: data.replace(b'"version":1', b'"version":2'),
        lambda data: data.replace(b"products.", b"products.un"),
        _nested,
    ],
    ids=[
        "empty",
        "another file",
        "cut in its header",
        "cut in its constants",
        "newer",
        "unknown step",
        "nested",
    ],
)
def test_a_damaged_model_is_refused_by_its_path(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    data = _written()
    damaged = damage(data)
    assert damaged != data
    with pytest.raises(ModelError, match=r"the model .* is damaged, or of another release"):
        _opened(tmp_path, damaged)


def test_a_closed_model_says_so(tmp_path: Path) -> None:
    engine = _opened(tmp_path, _written())
    engine.close()
    with pytest.raises(ModelError, match="closed"):
        engine.run([tensor_of(np.ones((1, 4), np.float32))])


def test_several_threads_get_the_answers_of_one(tmp_path: Path) -> None:
    engine = _opened(tmp_path, _written())
    (given,) = engine.inputs
    rows = np.random.default_rng(0).normal(size=(200, int(given.shape[-1]))).astype(np.float32)
    one_by_one = [array_of(engine.run([tensor_of(row[None])])[0]).tobytes() for row in rows]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda row: array_of(engine.run([tensor_of(row[None])])[0]).tobytes(), rows))
    assert together == one_by_one
    whole = array_of(engine.run([tensor_of(rows)])[0]).tobytes()
    assert whole == b"".join(one_by_one)
