"""The suite from end to end on the smallest model, and what a model that fails is."""

import json
from dataclasses import asdict

import pytest

from packager.progress import Silence
from packager.suite import published, table
from packager.suite.published import Model
from packager.suite.running import Effort, run

QUICK = Effort(max_trials=1, max_minutes=0.1, cold_rounds=2, warm_calls=5)


@pytest.mark.network
def test_a_model_is_converted_optimised_packaged_and_measured() -> None:
    found = run(["walking"], QUICK, Silence())
    (row,) = found.models
    assert row.error is None
    assert row.optimization is not None
    assert row.optimization.candidates[0].outcome == "base"
    assert row.archive_bytes is not None
    assert row.archive_bytes > 10_000
    assert row.cold_ms is not None
    json.dumps(asdict(found), allow_nan=False)
    page = table.markdown(found)
    assert "| walking | boosted trees | scikit-digital-health==0.17.18 | MIT |" in page
    assert "agreement with the source model" in page


@pytest.mark.network
def test_a_model_that_fails_is_a_row_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    (walking,) = published.models(["walking"])
    gone = walking.model_copy(update={"member": "skdh/none.txt", "sha256": "2" * 64})
    monkeypatch.setattr(published, "models", lambda _: (gone,))
    found = run([], QUICK, Silence())
    (row,) = found.failed
    assert row.error == "the package has no file skdh/none.txt"
    assert "| failed |" in table.markdown(found)
    assert isinstance(gone, Model)
