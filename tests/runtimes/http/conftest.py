"""Apps over tiny real models."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from runtimes.core.predictor import Predictor
from runtimes.http.app import create_app
from tests.runtimes.models import classifier_root, mixed_root, tensor_root

MODELS: dict[str, Callable[[Path], Path]] = {
    "iris": classifier_root,
    "price": mixed_root,
    "picture": tensor_root,
}


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, FastAPI]]:
    """One app for each model, by the model's name."""
    predictors = {
        name: Predictor(str(make(tmp_path_factory.mktemp(name) / "root"))) for name, make in MODELS.items()
    }
    yield {name: create_app(predictor) for name, predictor in predictors.items()}
    for predictor in predictors.values():
        predictor.close()


@pytest.fixture(scope="session")
def app(apps: dict[str, FastAPI]) -> FastAPI:
    """The app of the classifier."""
    return apps["iris"]
