"""A library that asks for an older version of the same functions still loads and works."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from packager.dependencies.elf_rebind import rebind
from packager.errors import DependencyError
from tests.packager.pinned import pinned_engine

pytestmark = pytest.mark.network
FIRST = {"EM_X86_64": "GLIBC_2.2.5", "EM_AARCH64": "GLIBC_2.17"}
LOAD = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.OrtGetApiBase.restype = ctypes.POINTER(ctypes.c_void_p)
version = ctypes.CFUNCTYPE(ctypes.c_char_p)(library.OrtGetApiBase()[1])
print(version().decode())
"""


@pytest.fixture(scope="module")
def library() -> bytes:
    return pinned_engine().read_bytes()


def first(content: bytes) -> str:
    return FIRST[ELFFile(io.BytesIO(content))["e_machine"]]


def needs(content: bytes, library: str) -> set[str]:
    section = ELFFile(io.BytesIO(content)).get_section_by_name(".gnu.version_r")
    return {
        aux.name for need, versions in section.iter_versions() if need.name == library for aux in versions
    }


def test_asks_for_the_older_version_and_changes_nothing_else(library: bytes) -> None:
    changed = rebind(library, "libm.so.6", "GLIBC_2.27", first(library))
    assert "GLIBC_2.27" in needs(library, "libm.so.6")
    assert "GLIBC_2.27" not in needs(changed, "libm.so.6")
    assert needs(changed, "libc.so.6") == needs(library, "libc.so.6")
    assert len(changed) == len(library)
    assert sum(a != b for a, b in zip(changed, library, strict=True)) <= 8


def test_the_changed_library_loads(library: bytes, tmp_path: Path) -> None:
    path = tmp_path / "changed.so"
    path.write_bytes(rebind(library, "libm.so.6", "GLIBC_2.27", first(library)))
    said = [
        subprocess.run(
            [sys.executable, "-c", LOAD, str(file)], capture_output=True, text=True, check=True
        ).stdout
        for file in (path, pinned_engine())
    ]
    assert said[0] == said[1] != ""


@pytest.mark.parametrize(
    ("needed", "old", "new"),
    [
        ("libm.so.6", "GLIBC_2.99", "GLIBC_2.17"),
        ("libz.so.1", "GLIBC_2.27", "GLIBC_2.17"),
        ("libm.so.6", "GLIBC_2.27", "GLIBC_1.0"),
    ],
)
def test_refuses_a_table_that_does_not_fit_the_library(
    library: bytes, needed: str, old: str, new: str
) -> None:
    with pytest.raises(DependencyError, match="as its entry in the table says"):
        rebind(library, needed, old, new)
