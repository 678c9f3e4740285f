"""Golden files: what was rendered is compared with what was reviewed. REWRITE_GOLDEN=1 rewrites them."""

import os
from pathlib import Path

from packager.layout import IncludedFile

FOLDER = Path(__file__).with_name("golden")


def check(name: str, files: list[IncludedFile]) -> None:
    """Compare ``files`` with the folder ``golden/<name>``: the same names, the same content."""
    folder = FOLDER / name
    if os.environ.get("REWRITE_GOLDEN"):
        for old in [path for path in folder.rglob("*") if path.is_file()]:
            old.unlink()
        for file in files:
            path = folder / file.dest
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.read())
    expected = {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }
    assert {file.dest: file.read().decode() for file in files} == expected
