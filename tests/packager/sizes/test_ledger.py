"""Every byte is somebody's: shares add up, packages are found by pip's records, kinds by path."""

from pathlib import Path

import pytest

from packager import sizes
from packager.sizes.owners import kind_of, owners
from tests.packager.sizes import functions


def test_the_shares_add_up_to_the_whole(tmp_path: Path) -> None:
    place = functions.zipped(functions.make(tmp_path / "function"), tmp_path / "f.zip")
    found = sizes.ledger(place)
    assert sum(share.unzipped_bytes for share in found.shares) == found.unzipped_bytes
    assert sum(share.files for share in found.shares) == found.files
    assert sum(share.zipped_bytes for share in found.shares) < found.zipped_bytes == place.stat().st_size
    assert found.cuts is None


def test_the_room_is_what_lambda_takes_less_what_is_used(tmp_path: Path) -> None:
    found = sizes.ledger(functions.make(tmp_path / "function"))
    zipped, unzipped = found.room
    assert (zipped.max_bytes, zipped.used_bytes) == (52_428_800, found.zipped_bytes)
    assert (unzipped.max_bytes, unzipped.used_bytes) == (262_144_000, found.unzipped_bytes)


def test_files_belong_to_the_package_that_recorded_them(tmp_path: Path) -> None:
    record = "google/protobuf/a.py,,\ngoogle/protobuf/b.py,,\nprotobuf-7.0.dist-info/RECORD,,\n"
    files = {
        "protobuf-7.0.dist-info/RECORD": record,
        "google/protobuf/a.py": "",
        "google/protobuf/__pycache__/a.cpython-313.pyc": "",
        "google/protobuf/b.pyc": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert set(owners(tmp_path, files).values()) == {"protobuf"}


def test_without_records_files_belong_to_what_their_folder_is_called(tmp_path: Path) -> None:
    names = [
        "numpy/core.py", "numpy.libs/openblas.so", "numpy-2.4.6.dist-info/METADATA", "app.py", "model.onnx",
        "typing_extensions.pyc", "typing_extensions-4.16.0.dist-info/METADATA", "lib/libonnxruntime.so.1",
    ]  # fmt: skip
    assert list(owners(tmp_path, names).values()) == [
        "numpy", "numpy", "numpy", "app.py", "model.onnx",
        "typing-extensions", "typing-extensions", "lib/libonnxruntime.so.1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/b.so", "library"), ("lib/libonnxruntime.so.1.31.1", "library"), ("a/b.abi3.so", "library"),
        ("a/__pycache__/b.cpython-313.pyc", "byte-code"), ("a/b.py", "source"), ("model.onnx", "model"),
        ("a-1.0.dist-info/RECORD", "metadata"), ("a/tests/b.py", "tests"), ("a/data.json", "data"),
        ("a/b.pyi", "other"), ("a/tests.py", "source"), ("a/b.h", "other"),
    ],
)  # fmt: skip
def test_the_kind_of_a_file_is_in_its_path(path: str, kind: str) -> None:
    assert kind_of(path) == kind
