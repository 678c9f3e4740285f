"""What counts as installed is what a worker can import, whatever lies where the user stands."""

from pathlib import Path

import pytest

from packager import installed


def test_a_folder_of_the_users_is_not_taken_for_a_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "catboost").mkdir()
    (tmp_path / "catboost" / "__init__.py").write_text("")
    (tmp_path / "catboost-9.9.dist-info").mkdir()
    (tmp_path / "catboost-9.9.dist-info" / "METADATA").write_text("Name: catboost\nVersion: 9.9\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert not installed.has("catboost")
    assert installed.version("catboost") is None


def test_what_pythonpath_offers_is_not_seen_since_a_worker_does_not_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "offered.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert installed.has("offered")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert not installed.has("offered")


def test_a_folder_without_code_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty_namespace").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not installed.has("empty_namespace")


def test_installed_packages_are_found_with_their_versions() -> None:
    import numpy

    assert installed.version("numpy") == numpy.__version__
    assert installed.folder_of("numpy") == Path(numpy.__file__).parents[1]
