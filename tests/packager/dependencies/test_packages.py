"""Third-party packages ship without the installer's notes, as byte-code where possible, from a cache."""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager import dependencies, interpreters, resources
from packager.errors import DependencyError
from packager.interpreters import Interpreter
from packager.layout import IncludedFile, Platform
from tests.packager.dependencies.wheels import serve, wheel

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
PLATFORM = Platform("x86_64", HERE, "2.34", "3.4.29", ())
FILES = {
    "demo/__init__.py": "def main():\n    return 'demo'\n",
    "demo/template.py": "{% not python %}\n",
    "demo/data.txt": "kept\n",
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    serve(tmp_path, monkeypatch)
    (tmp_path / "demo.lock").write_text(wheel(tmp_path, "demo", "1.0", "py3-none-any", FILES))
    monkeypatch.setattr(resources, "DATA", tmp_path)
    return tmp_path


def here() -> Interpreter:
    found = interpreters.find(HERE)
    assert found is not None
    return found


def names(files: tuple[IncludedFile, ...]) -> list[str]:
    return [file.dest for file in files]


@pytest.mark.usefixtures("index")
def test_has_byte_code_beside_its_source_and_what_is_read_at_run_time() -> None:
    assert names(dependencies.install("demo", PLATFORM, here())) == [
        "demo-1.0.dist-info/METADATA", "demo-1.0.dist-info/WHEEL", "demo-1.0.dist-info/entry_points.txt",
        "demo/__init__.py", "demo/__init__.pyc", "demo/data.txt", "demo/template.py",
    ]  # fmt: skip


@pytest.mark.usefixtures("index")
def test_ships_sources_when_no_interpreter_can_compile_them() -> None:
    files = dependencies.install("demo", PLATFORM, None)
    assert "demo/__init__.py" in names(files)
    assert not [name for name in names(files) if name.endswith(".pyc")]


def test_a_later_build_needs_no_index(index: Path) -> None:
    first = dependencies.install("demo", PLATFORM, here())
    for path in index.glob("*.whl"):
        path.unlink()
    shutil.rmtree(index / "uv-cache")
    said: list[str] = []
    assert dependencies.install("demo", PLATFORM, here(), said.append) == first
    assert said == []


def test_tells_what_takes_long(index: Path) -> None:
    said: list[str] = []
    dependencies.install("demo", PLATFORM, here(), said.append)
    assert said == [
        f"fetching the packages of demo for x86_64, Python {HERE}",
        f"compiling the packages of demo with Python {here().version}",
    ]


def test_another_lock_is_another_entry_of_the_cache(index: Path) -> None:
    before = dependencies.install("demo", PLATFORM, here())
    newer = {**FILES, "demo/new.py": "x = 1\n"}
    (index / "demo.lock").write_text(wheel(index, "demo", "1.1", "py3-none-any", newer))
    after = dependencies.install("demo", PLATFORM, here())
    assert "demo/new.pyc" in names(after)
    assert "demo/new.pyc" not in names(before)


@pytest.mark.usefixtures("index")
def test_builds_at_the_same_time_share_one_entry() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: dependencies.install("demo", PLATFORM, here()), range(4)))
    assert found == [found[0]] * 4


def test_a_failed_fetch_leaves_nothing_that_counts(index: Path) -> None:
    (kept,) = index.glob("*.whl")
    moved = kept.rename(index / "elsewhere")
    with pytest.raises(DependencyError):
        dependencies.install("demo", PLATFORM, here())
    moved.rename(kept)
    shutil.rmtree(index / "uv-cache")
    assert "demo/__init__.pyc" in names(dependencies.install("demo", PLATFORM, here()))
