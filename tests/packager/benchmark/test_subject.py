"""What can be measured, and what is refused with a sentence."""

import os
import py_compile
import sys
import time
import zipfile
from pathlib import Path

import pytest

from packager.benchmark.subject import Asked, open_subject
from packager.errors import ArtifactError, BenchmarkError, PackagerError, ToolError
from packager.sizes.candidates import stale_byte_code
from packager.tools import silent


def refusal(path: Path, asked: Asked, scratch: Path) -> PackagerError:
    with pytest.raises(PackagerError) as caught:
        open_subject(path, asked, scratch, silent)
    return caught.value


def test_nothing_is_there(tmp_path: Path) -> None:
    error = refusal(tmp_path / "gone", Asked(), tmp_path)
    assert isinstance(error, ArtifactError)
    assert "there is nothing at" in error.message


def test_a_folder_without_a_handler(tmp_path: Path) -> None:
    error = refusal(tmp_path, Asked(), tmp_path)
    assert isinstance(error, ArtifactError)
    assert "--handler" in str(error.hint)


def test_a_foreign_function_without_an_event(tmp_path: Path) -> None:
    error = refusal(tmp_path, Asked("main.run"), tmp_path)
    assert isinstance(error, BenchmarkError)
    assert "--event" in str(error.hint)


def test_a_python_that_is_not_here(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{}")
    error = refusal(tmp_path, Asked("main.run", "3.2", tmp_path / "event.json"), tmp_path)
    assert isinstance(error, ToolError)
    assert "3.2" in error.message


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_what_is_no_zip(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "event.json").write_text("{}")
    (tmp_path / "function.zip").write_bytes(content)
    error = refusal(tmp_path / "function.zip", Asked("main.run", event=tmp_path / "event.json"), tmp_path)
    assert isinstance(error, ArtifactError)
    assert "cannot be read as a zip" in error.message


def test_a_zip_that_leaves_its_folder(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{}")
    with zipfile.ZipFile(tmp_path / "function.zip", "w") as archive:
        archive.writestr("../outside.py", "stolen = True")
    asked = Asked("main.run", "3.11", tmp_path / "event.json")
    assert "holds a file that is not in it" in refusal(tmp_path / "function.zip", asked, tmp_path).message


@pytest.mark.network
def test_a_zips_byte_code_is_taken_since_its_sources_have_their_dates(tmp_path: Path) -> None:
    """Byte-code is bound to the second in which its source was written; starts without it take far longer."""
    code, scratch = tmp_path / "code", tmp_path / "scratch"
    code.mkdir()
    scratch.mkdir()
    (code / "main.py").write_text("def run(event, context):\n    return 'source'\n")
    os.utime(code / "main.py", (1_600_000_000, 1_600_000_000))
    py_compile.compile(str(code / "main.py"), doraise=True)
    with zipfile.ZipFile(tmp_path / "function.zip", "w") as archive:
        for path in (code / "main.py", *(code / "__pycache__").iterdir()):
            entry = zipfile.ZipInfo(path.relative_to(code).as_posix(), time.gmtime(1_600_000_000)[:6])
            archive.writestr(entry, path.read_bytes())
    (tmp_path / "event.json").write_text("{}")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    asked = Asked("main.run", version, tmp_path / "event.json")
    found = open_subject(tmp_path / "function.zip", asked, scratch, silent).function.folder
    assert stale_byte_code(found, ["__pycache__/" + next((found / "__pycache__").iterdir()).name]) == set()
