"""Copies to try things in take no space, lack what was left out, and have no empty folders."""

from pathlib import Path

from packager.layout import IncludedFile
from packager.trimming.tree import copy_without, place


def test_files_are_placed_from_bytes_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"from a file")
    files = [IncludedFile("a/b.txt", b"from bytes"), IncludedFile("c.txt", tmp_path / "source")]
    place(files, tmp_path / "whole")
    assert (tmp_path / "whole/a/b.txt").read_bytes() == b"from bytes"
    assert (tmp_path / "whole/c.txt").read_bytes() == b"from a file"
    (tmp_path / "whole/c.txt").write_bytes(b"changed")
    assert (tmp_path / "source").read_bytes() == b"from a file"


def test_a_large_file_is_linked_to_and_stays_a_link_in_a_copy(tmp_path: Path) -> None:
    (tmp_path / "engine").write_bytes(bytes(8_000_001))
    place([IncludedFile("lib/engine.so", tmp_path / "engine")], tmp_path / "whole")
    copy_without(tmp_path / "whole", tmp_path / "copy", frozenset())
    assert (tmp_path / "copy/lib/engine.so").is_symlink()
    assert (tmp_path / "engine").stat().st_nlink == 1


def test_a_copy_lacks_what_was_left_out_and_the_folders_that_held_it(tmp_path: Path) -> None:
    place([IncludedFile("a/tests/b.txt", b"b"), IncludedFile("a/c.txt", b"c")], tmp_path / "whole")
    copy_without(tmp_path / "whole", tmp_path / "copy", frozenset({"a/tests/b.txt"}))
    found = sorted(path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*"))
    assert found == ["a", "a/c.txt"]
    assert (tmp_path / "copy/a/c.txt").samefile(tmp_path / "whole/a/c.txt")
