"""Bundles and keys that the tests of releases share: never changed by one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.release import keys
from packager.release.signing import Keys
from tests.edge.update.releases import make_bundle
from tests.edge.update.server import WebServer, serving


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return [make_bundle(folder / str(number), number) for number in range(3)]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    made = keys.create(tmp_path_factory.mktemp("key") / "key.pem")
    return Keys(made, made)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    made = keys.create(tmp_path_factory.mktemp("other") / "other.pem")
    return Keys(made, made)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return tmp_path / "repo"


@pytest.fixture
def web(repo: Path) -> Iterator[WebServer]:
    with serving(repo) as server:
        yield server
