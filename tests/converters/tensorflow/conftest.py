"""The models that TensorFlow made, once for all tests of a process."""

from pathlib import Path

import pytest

from tests.converters.tensorflow.models import make


@pytest.fixture(scope="session")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What appears when a hostile SavedModel runs."""
    return tmp_path_factory.mktemp("canary") / "it_ran"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, canary: Path) -> Path:
    folder = tmp_path_factory.mktemp("tensorflow")
    make(folder, canary)
    return folder
