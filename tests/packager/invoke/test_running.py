"""The event that is read, and the sentence about times."""

import io
from pathlib import Path

import pytest

from packager.errors import ArtifactError, InvokeError
from packager.invoke import running
from packager.invoke.events import read_event
from packager.invoke.invocation import Invocation
from tests.packager.invoke.functions import write_artifact


def test_without_an_event_the_artifacts_own_example_is_sent(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "predict.json").write_text('{"features": [1]}')
    assert read_event(tmp_path, None) == {"features": [1]}


def test_a_dash_is_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("[1, 2]"))
    assert read_event(tmp_path, Path("-")) == [1, 2]


def test_refuses_an_event_that_is_missing_or_no_json(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{")
    with pytest.raises(InvokeError, match="is not JSON"):
        read_event(tmp_path, tmp_path / "event.json")
    with pytest.raises(InvokeError, match="cannot be read"):
        read_event(tmp_path, tmp_path / "other.json")
    with pytest.raises(ArtifactError, match=r"has no events/predict\.json"):
        read_event(tmp_path, None)


def test_the_emulator_has_no_image(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text("{}")
    with pytest.raises(InvokeError, match="not the image"):
        running.invoke(tmp_path, event, "emulator", image=True)


@pytest.mark.network
def test_an_event_gets_its_answer_and_an_error_its_code(tmp_path: Path) -> None:
    artifact = write_artifact(tmp_path)
    event = tmp_path / "event.json"
    event.write_text('{"answer": {"prediction": 1}}')
    assert running.invoke(artifact, event).document == {"prediction": 1}
    event.write_text('{"raise": "no"}')
    with pytest.raises(InvokeError, match="ValueError: no"):
        running.invoke(artifact, event)


def test_times_are_told_only_where_they_are_known() -> None:
    known = Invocation({}, None, 41.26, 0.71, (), False, None)
    assert running.times(known) == "init 41.3 ms, run 0.7 ms (by the emulator)"
    assert "unknown" in running.times(Invocation({}, None, None, None, (), False, None))
