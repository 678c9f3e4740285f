"""`release.json` is read whole or refused with a sentence."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.update.errors import RefusedError
from edge.update.release import MAX_RELEASE_BYTES, read_release, write_release
from tests.edge.update.test_contents import JSON

RELEASE: dict[str, Any] = {
    "schema_version": 1, "name": "iris", "device": "pi-4", "number": 7, "version": "1f3a",
    "released": "2026-11-20T10:00:00Z", "manifest": {"sha256": "0" * 64, "size_bytes": 5120},
    "total_bytes": 25000000,
}  # fmt: skip


def _read(**changes: object) -> Any:
    return read_release(json.dumps({**RELEASE, **changes}).encode())


def test_what_is_read_can_be_written_and_read_again() -> None:
    release = _read()
    assert (release.name, release.number, release.manifest_bytes) == ("iris", 7, 5120)
    assert read_release(write_release(release)) == release


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"name": "../iris"}, "letters, digits"),
        ({"name": ".iris"}, "letters, digits"),
        ({"device": "a/b"}, "letters, digits"),
        ({"device": ""}, "letters, digits"),
        ({"number": -1}, "number"),
        ({"number": 2**60}, "number"),
        ({"number": "7"}, "number"),
        ({"version": "a\nb"}, "version"),
        ({"manifest": None}, "no manifest"),
        ({"manifest": {"sha256": "x", "size_bytes": 1}}, "no SHA-256"),
        ({"manifest": {"sha256": "0" * 64, "size_bytes": 2**40}}, "size_bytes"),
        ({"total_bytes": 0}, "total_bytes"),
        ({"released": "x" * MAX_RELEASE_BYTES}, "at most"),
    ],
)
def test_refuses_what_is_no_release(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        _read(**changes)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(RELEASE)), JSON, max_size=3) | JSON | st.binary())
def test_whatever_it_holds_it_is_read_or_refused_in_words(value: Any) -> None:
    document = {**RELEASE, **value} if isinstance(value, dict) else value
    try:
        read_release(value if isinstance(value, bytes) else json.dumps(document).encode())
    except RefusedError as error:
        assert error.message.isprintable()
