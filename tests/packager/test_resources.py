"""What travels with packager is found, and only sources of it ship."""

from pathlib import Path

import pytest

from packager import resources
from packager.errors import ToolError


def test_finds_the_folders_of_the_checkout() -> None:
    root = Path(__file__).parents[2]
    for name in ("templates", "runtimes", "edge"):
        assert resources.folder(name) == root / name


def test_prefers_what_was_bundled_into_an_installed_packager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = tmp_path / "site-packages" / "packager" / "_bundled" / "templates"
    bundled.mkdir(parents=True)
    monkeypatch.setattr(resources, "_HERE", bundled.parents[1])
    assert resources.folder("templates") == bundled


def test_says_that_an_installation_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_HERE", tmp_path / "packager")
    with pytest.raises(ToolError, match="no folder 'runtimes'"):
        resources.folder("runtimes")


def test_ships_sources_alone_in_a_fixed_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_HERE", tmp_path / "packager")
    for name in (
        "runtimes/__init__.py", "runtimes/core/b.py", "runtimes/core/a.py", "runtimes/core/deep/c.py",
        "runtimes/core/__pycache__/a.cpython-313.pyc", "runtimes/core/__pycache__/odd.py",
        "runtimes/core/notes.txt", "runtimes/core/.hidden/d.py", "runtimes/http/app.py",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    assert [dest for dest, _ in resources.sources("runtimes", "core")] == [
        "runtimes/__init__.py", "runtimes/core/a.py", "runtimes/core/b.py", "runtimes/core/deep/c.py",
    ]  # fmt: skip
    assert "runtimes/http/app.py" in dict(resources.sources("runtimes"))
