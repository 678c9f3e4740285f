"""LightGBM models that nobody here wrote: with categories, classes, ranks, a thousand trees."""

from pathlib import Path

import pytest

from tests import published
from tests.converters.jobs import assert_answers_alike, do

MODELS = {
    "taxi": published.LEAVES_TAXI,
    "airline": published.LEAVES_AIRLINE,
    "boston": published.LEAVES_BOSTON,
    "insurance": published.LEAVES_INSURANCE,
    "multiclass": published.LEAVES_MULTICLASS,
    "categories": published.LEAVES_CATEGORICAL,
    "mixed": published.LEAVES_MIXED,
    "single": published.LEAVES_SINGLE,
    "walking": published.WALKING,
    "ranker": published.STRING_RANKER,
}


@pytest.mark.network
@pytest.mark.parametrize("name", sorted(MODELS))
def test_answers_as_the_published_model_does(name: str, tmp_path: Path) -> None:
    done = do(tmp_path / "job", MODELS[name].fetch(), rows=128)
    assert_answers_alike(done)
    assert done.result["source"]["framework"] == "lightgbm"
