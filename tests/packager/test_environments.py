"""Environments that are made for a model: once, whole, and never without saying what is missing."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager import cache, environments, interpreters
from packager.errors import DependencyError, ToolError
from packager.recipes import Recipe

ROOT = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9/simple"
SMALL = Recipe("small", requirements=("six==1.17.0",))
"""A pure package of a few kilobytes that depends on nothing."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def version_of_six(environment: environments.Environment) -> str:
    command = [str(environment.python), "-I", "-c", "import six; print(six.__version__)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_current_environment_is_taken_where_it_has_all() -> None:
    found = environments.find(Recipe("any", needs=("numpy", "click")), offline=True)
    assert found.is_current and found.python == Path(sys.executable)


def test_what_cannot_be_fetched_is_named_with_the_way_to_install_it() -> None:
    recipe = Recipe("far", needs=("numpy", "no_such_framework"), install="pip install no-such-framework")
    with pytest.raises(DependencyError, match="needs no_such_framework, which is not installed") as caught:
        environments.find(recipe)
    assert caught.value.hint == "pip install no-such-framework"


@pytest.mark.network
def test_an_environment_is_made_once_and_then_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    made = environments.find(SMALL, said.append)
    assert version_of_six(made) == "1.17.0" and not made.is_current
    assert said[0].startswith("resolving six==1.17.0") and any("making" in line for line in said)
    monkeypatch.setenv("UV_DEFAULT_INDEX", NOBODY)
    said.clear()
    assert environments.find(SMALL, said.append, offline=True) == made
    assert said == []


@pytest.mark.network
def test_a_read_only_cache_that_has_the_environment_is_enough(own_cache: Path) -> None:
    made = environments.find(SMALL)
    for place in (own_cache, own_cache / "environments"):
        place.chmod(0o555)
    try:
        assert environments.find(SMALL) == made
    finally:
        for place in (own_cache, own_cache / "environments"):
            place.chmod(0o755)


@pytest.mark.network
def test_two_builds_at_once_make_it_once(own_cache: Path) -> None:
    said: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: environments.find(SMALL, said.append), range(2))
    assert one == other and version_of_six(one) == "1.17.0"
    assert sum("making" in line for line in said) == 1


@pytest.mark.network
def test_what_a_killed_build_left_is_no_environment(own_cache: Path) -> None:
    """Killed (SIGKILL) as soon as the folder is there; the next build makes it whole."""
    code = (
        "from packager import environments\nfrom packager.recipes import Recipe\n"
        "environments.find(Recipe('small', requirements=('six==1.17.0',)))\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, start_new_session=True)
    until = time.monotonic() + 60
    while not list(own_cache.glob("environments/small-*.making*")) and time.monotonic() < until:
        time.sleep(0.002)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert list(own_cache.glob("environments/small-*.making*"))
    assert version_of_six(environments.find(SMALL)) == "1.17.0"
    assert not list(own_cache.glob("environments/*.making*"))


def test_offline_says_what_is_missing() -> None:
    with pytest.raises(DependencyError, match="--offline forbids to fetch it") as caught:
        environments.find(SMALL, offline=True)
    assert caught.value.details == ("it holds: six==1.17.0",)
    assert caught.value.hint is not None and "without --offline" in caught.value.hint


def test_no_network_is_a_sentence(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", NOBODY)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(own_cache / "uv"))
    with pytest.raises(DependencyError, match=r"six==1\.17\.0 could not be fetched") as caught:
        environments.find(SMALL)
    assert caught.value.hint is not None and "connect to a package index once" in caught.value.hint
    assert not [path for path in own_cache.glob("environments/locks/*") if path.is_dir()]


def test_no_interpreter_is_a_sentence() -> None:
    with pytest.raises(DependencyError, match=r"needs Python 3\.1, and none is on this machine") as caught:
        environments.find(Recipe("old", requirements=("six==1.17.0",), pythons=("3.1",)))
    assert caught.value.hint == "uv python install 3.1"


@pytest.mark.network
def test_versions_without_wheels_are_named_with_the_pythons_that_were_tried() -> None:
    with pytest.raises(DependencyError, match=r"six==99\.0 and what it needs have no wheels for Python 3"):
        environments.find(Recipe("none", requirements=("six==99.0",)))


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(ToolError, match="the cache folder"):
        environments.find(SMALL)


def test_packagers_own_interpreter_comes_first_where_the_recipe_takes_it() -> None:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    recipe = Recipe("any", pythons=("3.13", "3.12", "3.11", "3.10"), requirements=("six",))
    found = environments._interpreters(recipe)
    assert found[0] == interpreters.find(own)
    assert len({python.version for python in found}) == len(found)
