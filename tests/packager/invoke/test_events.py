"""The event that is read, and what is refused."""

import io
from pathlib import Path

import pytest

from packager.errors import ArtifactError, InvokeError
from packager.invoke.events import read_event


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


def test_what_is_no_event_is_said_in_words_with_the_way_on(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(b"\x80\x04")
    for name, said in (("model.joblib", "it is no text in UTF-8"), ("none.json", "No such file")):
        with pytest.raises(InvokeError, match=said) as caught:
            read_event(tmp_path, tmp_path / name)
        assert "Errno" not in caught.value.message
        assert "--event FILE" in str(caught.value.hint)


@pytest.mark.parametrize("text", ['{"features": [NaN]}', "[-Infinity]", "[1e400]", "[" * 100_000])
def test_refuses_what_a_function_could_not_be_sent(text: str, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(text)
    with pytest.raises(InvokeError, match="is not JSON"):
        read_event(tmp_path, tmp_path / "event.json")


def test_an_event_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"features": [1.5]}', encoding="utf-8-sig")
    assert read_event(tmp_path, tmp_path / "event.json") == {"features": [1.5]}
