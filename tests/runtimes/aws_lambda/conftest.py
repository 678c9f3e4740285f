"""The handler, opened on a tiny model as Lambda opens it: at import."""

import importlib.util
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest

from runtimes.aws_lambda import __path__ as folder
from tests.runtimes.models import classifier_root

_numbers = itertools.count()


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact root with the classifier."""
    return classifier_root(tmp_path_factory.mktemp("iris") / "root")


@pytest.fixture(scope="session")
def open_handler() -> Callable[..., ModuleType]:
    """Import the handler anew, as a new instance of the function does."""

    def open_one(root: Path, **environment: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(
            f"handler_{next(_numbers)}", Path(next(iter(folder))) / "handler.py"
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        with patch.dict(os.environ, {"MODEL_ROOT": str(root), **environment}):
            spec.loader.exec_module(module)
        return module

    return open_one


@pytest.fixture(scope="session")
def function(root: Path, open_handler: Callable[..., ModuleType]) -> ModuleType:
    """One warm instance."""
    return open_handler(root)


@pytest.fixture(scope="session", autouse=True)
def _close_loop() -> Iterator[None]:
    """The app's event loop lives as long as the instance; here that is the session."""
    yield
    fallback = sys.modules.get("runtimes.aws_lambda.fallback")
    if fallback is not None:
        fallback._loop.close()
