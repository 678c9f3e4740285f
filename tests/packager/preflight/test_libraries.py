"""Libraries that would not load on the target are named before anything is accepted."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from packager import preflight
from packager.errors import PreflightError
from packager.layout import Arch, Platform
from packager.targets.aws_lambda import quotas
from tests.packager.pinned import HERE, pinned_engine

pytestmark = pytest.mark.network
FOREIGN: Arch = "x86_64" if HERE == "arm64" else "arm64"
TARGET = quotas.runtimes()["python3.13"].platform(HERE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A function's folder with one real library, and files that are none."""
    (tmp_path / "lib").mkdir()
    shutil.copy(pinned_engine(), tmp_path / "lib" / "libonnxruntime.so.1")
    (tmp_path / "notes.so").write_text("no library")
    (tmp_path / "empty").write_bytes(b"")
    return tmp_path


def refuse(folder: Path, target: Platform) -> PreflightError:
    with pytest.raises(PreflightError) as raised:
        preflight.check(folder, target)
    return raised.value


def test_reads_every_library_by_its_content(folder: Path) -> None:
    (library,) = preflight.check(folder, TARGET)
    assert library.path == "lib/libonnxruntime.so.1"
    assert library.arch == HERE
    assert library.name == "libonnxruntime.so.1"
    assert "libc.so.6" in library.links
    assert ("libc.so.6", "GLIBC_2.28") in library.needs


def test_refuses_a_library_for_another_processor(folder: Path) -> None:
    error = refuse(folder, replace(TARGET, arch=FOREIGN))
    assert error.message == f"lib/libonnxruntime.so.1 is for {HERE}, and the target is {FOREIGN}"


def test_refuses_a_library_for_an_unknown_processor(folder: Path) -> None:
    path = folder / "lib" / "libonnxruntime.so.1"
    content = bytearray(path.read_bytes())
    content[18:20] = (20).to_bytes(2, "little")  # PowerPC
    path.write_bytes(content)
    assert "is for EM_PPC" in refuse(folder, TARGET).message


def test_names_the_file_the_symbol_version_and_what_the_target_has(folder: Path) -> None:
    error = refuse(folder, replace(TARGET, glibc="2.26"))
    said = [error.message, *error.details]
    assert any(
        "lib/libonnxruntime.so.1 needs GLIBC_2.28 of libc.so.6, and the target has GLIBC_2.26" in line
        for line in said
    )
    assert f"({len(said)} such in all)" in error.message
    assert not any("GLIBC_2.26 of" in line for line in said)


def test_compares_versions_as_numbers(folder: Path) -> None:
    assert "and the target has GLIBC_2.9" in refuse(folder, replace(TARGET, glibc="2.9")).message
    preflight.check(folder, replace(TARGET, glibc="2.100"))


def test_refuses_a_newer_standard_library_of_c_plus_plus(folder: Path) -> None:
    error = refuse(folder, replace(TARGET, glibcxx="3.4.21"))
    assert "needs GLIBCXX_3.4.22 of libstdc++.so.6, and the target has GLIBCXX_3.4.21" in error.message


def test_refuses_a_link_to_a_library_that_is_nowhere(folder: Path) -> None:
    without = tuple(name for name in TARGET.libraries if name != "libstdc++.so.6")
    error = refuse(folder, replace(TARGET, libraries=without))
    assert error.message == (
        "lib/libonnxruntime.so.1 links to libstdc++.so.6, which is in neither the artifact nor the target"
    )


def test_a_library_in_the_artifact_satisfies_a_link(folder: Path) -> None:
    without = tuple(name for name in TARGET.libraries if name != "libstdc++.so.6")
    shutil.copy(pinned_engine(), folder / "lib" / "libstdc++.so.6")
    assert len(preflight.check(folder, replace(TARGET, libraries=without))) == 2


def test_refuses_a_module_that_was_compiled_for_another_python(folder: Path) -> None:
    (folder / "lib" / "libonnxruntime.so.1").rename(folder / "_core.cpython-310-x86_64-linux-gnu.so")
    error = refuse(folder, TARGET)
    assert error.message == (
        "_core.cpython-310-x86_64-linux-gnu.so is for Python 3.10, and the target has 3.13"
    )


def test_refuses_a_damaged_library(folder: Path) -> None:
    (folder / "half.so").write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 20)
    assert "half.so starts like a shared library" in refuse(folder, TARGET).message


def test_a_folder_without_libraries_passes(tmp_path: Path) -> None:
    assert preflight.check(tmp_path, TARGET) == ()
