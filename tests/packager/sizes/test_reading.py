"""Zips are made by anyone: what would leave the folder, fill the disk or cannot be read is refused."""

import stat
import zipfile
from pathlib import Path

import pytest

from packager.errors import ArtifactError
from packager.sizes.reading import opened
from tests.packager.sizes import functions

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def archive(folder: Path, *names: str) -> Path:
    place = folder / "function.zip"
    with zipfile.ZipFile(place, "w") as made:
        for name in names:
            made.writestr(name, "content")
    return place


def patched(place: Path, offset: int, value: bytes) -> Path:
    """The same zip with other bytes in the header of each file's entry in the directory."""
    content = bytearray(place.read_bytes())
    found = content.find(CENTRAL)
    while found >= 0:
        content[found + offset : found + offset + len(value)] = value
        found = content.find(CENTRAL, found + 4)
    place.write_bytes(bytes(content))
    return place


def refusal(place: Path) -> str:
    with pytest.raises(ArtifactError) as caught, opened(place):
        pass
    return caught.value.message


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "there is nothing at" in refusal(tmp_path / "nowhere.zip")


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "function.zip").write_text("no zip")
    assert "cannot be read as a zip" in refusal(tmp_path / "function.zip")


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    place = archive(tmp_path, "a.py")
    content = bytearray(place.read_bytes())
    content[content.find(b"content")] ^= 0xFF
    place.write_bytes(bytes(content))
    assert "cannot be read as a zip" in refusal(place)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    assert "is encrypted" in refusal(patched(archive(tmp_path, "a.py"), 8, b"\x01\x00"))


@pytest.mark.parametrize("name", ["../a.py", "/a.py", "b/../../a.py", "b\\a.py", "C:a.py"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    assert "not in it" in refusal(archive(tmp_path, "ok.py", name))
    assert not (tmp_path.parent / "a.py").exists()


def test_a_link_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "function.zip", "w") as made:
        info = zipfile.ZipInfo("passwords")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, "/etc/passwd")
    assert "holds a link, 'passwords'" in refusal(tmp_path / "function.zip")


def test_what_would_fill_the_disk_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    place = patched(archive(tmp_path, "a.bin", "b.bin"), 24, b"\xf0\xff\xff\xff")
    assert "would unpack to 8.6 GB" in refusal(place)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        place = archive(tmp_path, "a.py", "a.py")
    assert "two files 'a.py'" in refusal(place)


def test_a_folders_link_out_of_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "function").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "function/link").symlink_to(tmp_path / "secret")
    assert "link that leaves it" in refusal(tmp_path / "function")


def test_a_zip_and_its_folder_have_the_same_files(tmp_path: Path) -> None:
    folder = functions.make(tmp_path / "function")
    with opened(folder) as one, opened(functions.zipped(folder, tmp_path / "f.zip")) as other:
        assert sorted(item.path for item in one.items) == sorted(item.path for item in other.items)
        assert sum(item.unzipped_bytes for item in one.items) == sum(
            item.unzipped_bytes for item in other.items
        )
        assert abs(one.zipped_bytes - other.zipped_bytes) < 0.2 * other.zipped_bytes
        assert (other.root / "used/later.py").read_bytes() == (folder / "used/later.py").read_bytes()
        scratch = other.root
    assert not scratch.exists()


@pytest.mark.parametrize("prefix", ["python/", "python/lib/python3.13/site-packages/"])
def test_the_packages_of_a_layer_are_found_in_it(tmp_path: Path, prefix: str) -> None:
    functions.make(tmp_path / "layer" / prefix)
    with opened(functions.zipped(tmp_path / "layer", tmp_path / "layer.zip")) as layer:
        assert layer.prefix == prefix
        assert (layer.code / "used/__init__.py").is_file()
