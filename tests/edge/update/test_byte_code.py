"""A slot has byte-code for this device's Python, which nothing has to write there later."""

import importlib.util
from pathlib import Path

import pytest

from edge.update.byte_code import compile_sources
from edge.update.errors import UnfitError
from edge.update.recovery import recover
from tests.edge.update.power import QuickDisk
from tests.edge.update.releases import Site, serving_version


def _write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_what_a_prediction_imports_is_compiled_and_nothing_else(tmp_path: Path) -> None:
    paths = ["edge/a.py", "edge/data.toml", "runtimes/core/b.py", "update_packages/tuf.py"]
    for path in paths:
        _write(tmp_path, path, '"""Doc."""\nVALUE = 6\n')
    folders = compile_sources(QuickDisk(), str(tmp_path), paths)
    assert folders == ["edge/__pycache__", "runtimes/core/__pycache__"]
    assert len(list(tmp_path.rglob("*.pyc"))) == 2


def test_python_takes_the_byte_code_even_where_the_source_is_newer(tmp_path: Path) -> None:
    _write(tmp_path, "edge/a.py", '"""Doc."""\nVALUE = 6\n')
    compile_sources(QuickDisk(), str(tmp_path), ["edge/a.py"])
    _write(tmp_path, "edge/a.py", "VALUE = 7\n")
    spec = importlib.util.spec_from_file_location("compiled_here", tmp_path / "edge" / "a.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (module.VALUE, module.__doc__) == (6, None)


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"half"])
def test_byte_code_that_a_card_has_lost_gives_way_to_its_source(site: Site, damage: bytes) -> None:
    site.update()
    lost, kept = (Path(site.home.slot(slot), "edge", "__pycache__") for slot in ("b", "a"))
    (path,) = lost.iterdir()
    body = path.read_bytes()
    path.write_bytes(damage + body[len(damage) :] if damage else b"")
    recover(site.home, starting=True)
    assert not list(lost.iterdir())
    assert len(list(kept.iterdir())) == 1
    assert serving_version(site.home) == site.version(2)


def test_byte_code_that_is_whole_stays(site: Site) -> None:
    before = sorted(Path(site.home.root).rglob("*.pyc"))
    recover(site.home, starting=True)
    assert sorted(Path(site.home.root).rglob("*.pyc")) == before != []


@pytest.mark.parametrize("text", ["def", "a = '\0'", "x = " + "(" * 1000])
def test_a_source_that_this_python_cannot_read_makes_the_release_unfit(tmp_path: Path, text: str) -> None:
    _write(tmp_path, "edge/a.py", text)
    with pytest.raises(UnfitError, match=r"edge/a\.py is no program for this Python"):
        compile_sources(QuickDisk(), str(tmp_path), ["edge/a.py"])
