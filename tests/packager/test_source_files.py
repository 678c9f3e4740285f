"""What can be a model at all: known at once, before anything is read or hashed."""

import hashlib
import os
from pathlib import Path

import pytest

from packager import source_files
from packager.errors import SourceError
from tests.packager.mlflow_folder import folders


@pytest.mark.parametrize("place", ["/", "/proc", "/dev/zero"])
def test_what_is_no_model_is_refused_at_once(place: str) -> None:
    with pytest.raises(SourceError, match=r"is a folder and no model|neither a file nor a folder"):
        source_files.check(Path(place))


def test_a_file_larger_than_any_target_takes_is_not_hashed(tmp_path: Path) -> None:
    with (tmp_path / "huge.onnx").open("wb") as file:
        file.truncate(30 * 10**9)  # sparse: it takes no space
    with pytest.raises(SourceError, match="larger than 20 GB"):
        source_files.check(tmp_path / "huge.onnx")


def test_a_folder_of_too_many_files_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    for at in range(10_001):
        os.close(os.open(tmp_path / f"{at}", os.O_CREAT))
    with pytest.raises(SourceError, match="more than 10000 files"):
        source_files.check(tmp_path)


def test_the_digest_of_a_folder_is_of_its_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "variables" / "v").write_bytes(b"weights")
    first = source_files.digest_of(tmp_path)
    lines = [("saved_model.pb", b"graph"), ("variables/v", b"weights")]
    wanted = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in lines)
    assert first == hashlib.sha256(wanted.encode()).hexdigest()
    (tmp_path / "variables" / "v").rename(tmp_path / "variables" / "w")
    assert source_files.digest_of(tmp_path) != first
    assert source_files.size_of(tmp_path) == len(b"graphweights")


def test_the_digest_of_an_mlflow_folder_is_of_what_is_read_of_it(tmp_path: Path) -> None:
    folder = folders.make(tmp_path / "m")
    first = source_files.digest_of(folder)
    (folder / "notes.txt").write_text("nobody reads this")
    assert source_files.digest_of(folder) == first
    (folder / "model.pkl").write_bytes(b"another")
    assert source_files.digest_of(folder) != first
