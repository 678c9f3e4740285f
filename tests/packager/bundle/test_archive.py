"""Archives depend on names and content alone."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from packager.bundle import archive
from packager.layout import ArchiveFormat, IncludedFile

FILES = (
    IncludedFile("a/ünïcode.txt", b"text" * 500),
    IncludedFile("a/x", b"#!", executable=True),
    IncludedFile("b", b""),
)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_two_archives_of_the_same_files_are_equal(
    kind: ArchiveFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.pack(kind, FILES, tmp_path / "one")
    monkeypatch.setenv("TZ", "Pacific/Apia")
    archive.pack(kind, FILES, tmp_path / "another-name")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "another-name").read_bytes()


def test_a_tar_holds_no_name_of_a_user(tmp_path: Path) -> None:
    packed = archive.pack("tar.gz", FILES, tmp_path / "a.tar.gz")
    with tarfile.open(tmp_path / "a.tar.gz") as found:
        members = found.getmembers()
        content = found.extractfile("a/ünïcode.txt")
        assert content is not None
        assert content.read() == b"text" * 500
    assert [member.name for member in members] == ["a/ünïcode.txt", "a/x", "b"]
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    assert [member.mode for member in members] == [0o644, 0o755, 0o644]
    assert {member.mtime for member in members} == {315_532_800}
    assert packed.parts["a"][1] == 2002


def test_the_parts_of_a_zip_add_up(tmp_path: Path) -> None:
    packed = archive.pack("zip", FILES, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as found:
        assert sum(size for size, _ in packed.parts.values()) == sum(
            i.compress_size for i in found.infolist()
        )
    assert packed.parts["a"][1] == 2002
    assert packed.parts["b"][1] == 0
