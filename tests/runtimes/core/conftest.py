"""Opens predictors on models made for the tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtimes.core.predictor import Predictor
from tests.artifacts import make_root
from tests.runtimes.core.models import Model

Opener = Callable[..., Any]
"""A predictor, whose answers are documents that tests look into."""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Opener]:
    """``serve(model)`` is an open predictor; all are closed at the end."""
    opened: list[Predictor] = []

    def open_model(model: Model, **changes: Any) -> Predictor:
        root = make_root(tmp_path / f"root{len(opened)}", *model, **changes)
        opened.append(Predictor(str(root)))
        return opened[-1]

    yield open_model
    for predictor in opened:
        predictor.close()
