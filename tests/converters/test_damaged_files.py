"""Truncated, flipped, random and bloated files: each gets a sentence, and memory stays bounded."""

import gzip
import io
import pickle
import random
import resource
import zipfile
import zlib
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.converters.jobs import do, write_request

ROWS = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [2.0, 1.0]])
REFUSALS = {"SourceError", "UnsafeModelError", "ConversionError"}


@pytest.fixture(scope="module")
def forest() -> bytes:
    model = make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0)).fit(ROWS, [0, 1, 0, 1])
    file = io.BytesIO()
    joblib.dump(model, file)
    return file.getvalue()


def refused(folder: Path, data: bytes) -> dict[str, str]:
    path = folder / "model.joblib"
    path.write_bytes(data)
    error = do(folder / "job", path, action="inspect").error
    assert error["kind"] in REFUSALS
    assert error["message"]
    assert "Traceback" not in error["message"]
    return error


def test_refuses_an_empty_file(tmp_path: Path) -> None:
    assert "is empty" in refused(tmp_path, b"")["message"]


def test_refuses_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert "There is no file" in do(tmp_path / "job", tmp_path / "nothing.joblib").error["message"]
    assert "is a folder" in do(tmp_path / "job", tmp_path).error["message"]


def test_refuses_every_truncation(tmp_path: Path, forest: bytes) -> None:
    for at in range(1, len(forest) - 1, len(forest) // 60):
        refused(tmp_path, forest[:at])


def test_refuses_random_bytes(tmp_path: Path) -> None:
    for seed in range(60):
        head = (b"", b"\x80\x04", b"\x80\x05\x95", b"\x08\x07", b"PK\x03\x04", b"\x1f\x8b", b"x\x9c", b"(")[
            seed % 8
        ]
        refused(tmp_path, head + random.Random(seed).randbytes(200))


def test_flipped_bytes_never_break_the_worker(tmp_path: Path, forest: bytes) -> None:
    for seed in range(80):
        chance = random.Random(seed)
        data = bytearray(forest)
        for _ in range(3):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path = tmp_path / "model.joblib"
        path.write_bytes(data)
        result = do(tmp_path / "job", path, action="inspect").result
        assert result["ok"] or result["error"]["kind"] in REFUSALS


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_refuses_a_file_that_unpacks_without_bound(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refused(tmp_path, pack(b"\x80\x04" + bytes(400 << 20)))
    assert "unpacks to more than" in error["message"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600 << 10


def test_refuses_a_zip_that_unpacks_without_bound(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", bytes(100 << 20))
    assert "unpacks to" in refused(tmp_path, file.getvalue())["message"]


def test_refuses_an_array_that_promises_more_than_the_file_holds(tmp_path: Path, forest: bytes) -> None:
    """The header of one of joblib's arrays, with sixteen gigabytes in its shape."""
    file = io.BytesIO()
    joblib.dump({"rows": np.arange(70_000.0)}, file)
    shape = pickle.BININT + (70_000).to_bytes(4, "little")
    claimed = file.getvalue().replace(shape, pickle.BININT + (2**31 - 1).to_bytes(4, "little"), 1)
    assert claimed != file.getvalue()
    assert "ends within an array" in refused(tmp_path, claimed)["message"]


def test_refuses_a_tree_whose_nodes_point_outside(tmp_path: Path) -> None:
    model = RandomForestClassifier(1, random_state=0).fit(ROWS, [0, 1, 0, 1])
    model.estimators_[0].tree_.children_left[0] = 1 << 30
    file = io.BytesIO()
    joblib.dump(model, file)
    assert "point outside" in refused(tmp_path, file.getvalue())["message"]


def test_refuses_files_of_other_kinds_by_their_kind(tmp_path: Path) -> None:
    kinds = {
        b"\x89HDF\r\n\x1a\n": "HDF5",
        b"\x1c\x00\x00\x00TFL3": "TFLite",
        b"tree\nversion=v4\n": "end of trees",
        b'{"learner": {}}': "XGBoost",
        b"hello world": "not a model",
    }
    for head, word in kinds.items():
        assert word in refused(tmp_path, head + bytes(20))["message"]


def test_refuses_a_request_of_another_schema(tmp_path: Path) -> None:
    write_request(tmp_path / "job", tmp_path / "model", schema_version=7)
    from packager.converters.job import run

    assert run(tmp_path / "job") == 1
    assert "schema version 7" in (tmp_path / "job" / "result.json").read_text()
