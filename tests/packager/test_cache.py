"""Cache entries: whole or not at all, made once, wherever the user wants them."""

import threading
import time
from pathlib import Path

import pytest

from packager import cache
from packager.errors import ToolError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_entry_is_made_once_and_then_found(own_cache: Path) -> None:
    made: list[Path] = []

    def make(dest: Path) -> None:
        made.append(dest)
        (dest / "tool").write_text("works")

    found = [cache.entry("tools/one", make) for _ in range(3)]
    assert found == [own_cache / "tools" / "one"] * 3 and len(made) == 1
    assert (found[0] / "tool").read_text() == "works"


def test_a_maker_that_fails_leaves_nothing_behind(own_cache: Path) -> None:
    def fail(dest: Path) -> None:
        (dest / "half").write_text("half")
        raise ToolError("no network")

    with pytest.raises(ToolError, match="no network"):
        cache.entry("tools/one", fail)
    assert [path.name for path in (own_cache / "tools").iterdir()] == ["one.lock"]


def test_what_a_killed_maker_left_is_not_taken_for_the_entry(own_cache: Path) -> None:
    (own_cache / "tools" / "one.making").mkdir(parents=True)
    (own_cache / "tools" / "one.making" / "half").write_text("half")

    def make(dest: Path) -> None:
        (dest / "whole").write_text("whole")

    found = cache.entry("tools/one", make)
    assert [path.name for path in found.iterdir()] == ["whole"]


def test_makers_at_the_same_time_make_it_once(own_cache: Path) -> None:
    made: list[str] = []
    gate = threading.Barrier(4)

    def make(dest: Path) -> None:
        made.append("begun")
        time.sleep(0.2)
        (dest / "tool").write_text("works")

    def ask() -> None:
        gate.wait()
        assert (cache.entry("tools/one", make) / "tool").read_text() == "works"

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["begun"]


def test_a_place_that_cannot_be_written_is_said_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(ToolError, match="cannot take tools/one") as caught:
        cache.entry("tools/one", lambda dest: None)
    assert caught.value.hint is not None and cache.CACHE_VARIABLE in caught.value.hint


def test_the_platforms_own_place_is_taken_when_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cache.CACHE_VARIABLE)
    assert cache.root().is_absolute() and cache.root().name == "packager"
