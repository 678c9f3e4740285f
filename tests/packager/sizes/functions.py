"""Functions as others make them: a folder with a handler, packages, and what comes with them."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

HANDLER = """
import time
import used

def handler(event, context):
    return {"sum": used.add(event["numbers"]), "page": used.page(), "at": time.time_ns()}
"""
USED = """
from pathlib import Path

def add(numbers):
    from used import later
    return later.total(numbers)

def page():
    return (Path(__file__).parent / "docs" / "page.md").read_text()
"""
FILES = {
    "app.py": HANDLER,
    "used/__init__.py": USED,
    "used/__init__.pyi": "def add(numbers: list[int]) -> int: ...\n",
    "used/later.py": "def total(numbers):\n    return sum(numbers)\n",
    "used/docs/page.md": "# read at run time\n",
    "used/tests/__init__.py": "",
    "used/tests/test_add.py": "def test_add():\n    assert True\n" * 50,
    "used/include/used.h": "int used(void);\n",
    "idle/__init__.py": "raise ImportError('nobody asks for this')\n" * 40,
    "bin/used": "#!/bin/sh\n",
}
EVENT = '{"numbers": [1, 2, 39]}'


def make(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """Write the function's folder, with the records that pip leaves."""
    for name, text in {**files, **_records(files)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def zipped(folder: Path, dest: Path) -> Path:
    """The folder as anyone zips it."""
    with zipfile.ZipFile(dest, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder).as_posix())
    return dest


def event(folder: Path, text: str = EVENT) -> Path:
    """An event that the function takes."""
    (folder / "event.json").write_text(text)
    return folder / "event.json"


def _records(files: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for package in ("used", "idle"):
        mine = [name for name in files if name.startswith(f"{package}/")]
        info = f"{package}-1.0.dist-info"
        if mine:
            found[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
            found[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*mine, f"{info}/METADATA"))
    return found
