"""A manifest is read whole or refused with a sentence; no path in it leads out of a slot."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.update.contents import MAX_FILES, read_contents
from edge.update.errors import RefusedError, UnfitError

FILE = {"sha256": "0" * 64, "size_bytes": 3}
MANIFEST: dict[str, Any] = {
    "schema_version": 1,
    "name": "iris",
    "version": "1f3a",
    "device": {"name": "pi", "arch": "arm64", "libc": "glibc", "libc_version": "2.36", "python": "3.11",
               "memory_mb": 256, "flash_mb": 200},
    "files": {"model/model.tiny": FILE},
}  # fmt: skip


def _read(**changes: object) -> Any:
    return read_contents(json.dumps({**MANIFEST, **changes}).encode())


def test_reads_what_a_manifest_lists() -> None:
    contents = _read(files={"b/c.py": FILE, "a": {"sha256": "f" * 64, "size_bytes": 0}})
    assert [entry.path for entry in contents.files] == ["a", "b/c.py"]
    assert (contents.total_bytes, contents.device.memory_mb) == (3, 256)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../x", "outside"), ("a/../../x", "outside"), ("/etc/passwd", "outside"), ("..", "outside"),
        ("a//b", "plain form"), ("./a", "plain form"), ("a/", "plain form"), (".", "plain form"),
        ("", "plain form"), ("e\u0301", "plain form"),
        ("a\0b", "character"), ("a\nb", "character"), ("a\\b", "character"), ("\ud800", "character"),
        ("\u202ea", "character"),
        ("a" * 201, "too long"), ("/".join(["abc"] * 300), "too long"),
        ("manifest.json", "itself writes"), ("Manifest.JSON", "itself writes"),
        ("release.json", "itself writes"),
        ("SHA256SUMS", "itself writes"), ("edge/__pycache__/a.pyc", "itself writes"),
        ("manifest.json/a", "itself writes"),
    ],
)  # fmt: skip
def test_refuses_a_path_that_no_bundle_has(path: str, why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        _read(files={path: FILE})


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "no files"),
        ([], "no files"),
        ({"a": FILE, "A": FILE}, "capital letters"),
        ({"a": FILE, "a/b": FILE}, "as a file and as a folder"),
        ({"A": FILE, "a/b": FILE}, "as a file and as a folder"),
        ({"a": {"sha256": "F" * 64, "size_bytes": 1}}, "no SHA-256"),
        ({"a": {"sha256": "../" + "0" * 61, "size_bytes": 1}}, "no SHA-256"),
        ({"a": {"sha256": "0" * 64, "size_bytes": -1}}, "size"),
        ({"a": {"sha256": "0" * 64, "size_bytes": 1.5}}, "size"),
        ({"a": {"sha256": "0" * 64, "size_bytes": True}}, "size"),
        ({"a": {"sha256": "0" * 64, "size_bytes": 2**41}}, "size"),
        ({str(n): {"sha256": "0" * 64, "size_bytes": 2**40} for n in range(2)}, "more than"),
        ({"a": None}, "says nothing"),
        ({str(n): FILE for n in range(MAX_FILES + 1)}, "at most"),
    ],
)
def test_refuses_files_that_no_bundle_has(files: object, why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        _read(files=files)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not an object"),
        (b'{"files": {}, "files": {}}', "twice"),
        (b'{"schema_version": 2}', "schema_version"),
        (b'{"schema_version": true}', "schema_version"),
        (b'{"schema_version": 1}', "no 'name'"),
    ],
)
def test_refuses_what_is_no_manifest(body: bytes, why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        read_contents(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(MANIFEST)), JSON, max_size=3), st.data())
def test_whatever_stands_in_a_manifest_it_is_read_or_refused_in_words(
    changes: dict[str, Any], data: st.DataObject
) -> None:
    files = data.draw(
        st.just(MANIFEST["files"]) | st.dictionaries(st.text(), st.just(FILE) | JSON, max_size=3)
    )
    body = json.dumps({**MANIFEST, "files": files, **changes}).encode()
    try:
        contents = read_contents(body)
    except RefusedError as error:
        assert error.message.isprintable()
    else:
        assert all(".." not in entry.path.split("/") for entry in contents.files)
