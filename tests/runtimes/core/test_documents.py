"""JSON is read and written alike, whichever reader does it."""

import json
import random
from typing import Any

import pytest

from runtimes.core import documents, large_bodies
from runtimes.core.errors import RequestError

generator = random.Random(0)


def numbers(count: int) -> str:
    """Numbers in every spelling that JSON has."""
    spelled = []
    for _ in range(count):
        value = generator.uniform(-1, 1) * 10 ** generator.randint(-320, 300)
        more = "".join(generator.choices("0123456789", k=generator.randint(0, 8)))
        text = repr(value)
        spelled.append(text if "e" in text else text + more)
        spelled.append(str(generator.getrandbits(generator.randint(1, 90))))
        spelled.append(f"{generator.randint(-99, 99)}E{generator.choice('+-')}{generator.randint(0, 30)}")
    return ",".join(spelled)


def outcome(text: str | bytes) -> Any:
    try:
        return repr(documents.parse(text))
    except RequestError as error:
        return error.status, error.message


@pytest.fixture
def without_pydantic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_bodies, "_readers", [None])


def test_a_large_document_is_the_standard_librarys_bit_for_bit() -> None:
    text = f'{{"inputs": {{"x": [{numbers(5000)}], "é\\n": "\\ud83d\\ude00"}}}}'
    assert len(text) > documents.LARGE
    assert large_bodies.find_reader() is not None
    assert repr(documents.parse(text)) == repr(json.loads(text))
    assert documents.parse(text.encode()) == json.loads(text)
    assert documents.parse(text.encode("utf-8-sig")) == json.loads(text)


PADDING = " " * documents.LARGE
ODD = [
    "",
    "{",
    "[1,]",
    '{"a": NaN}',
    '{"a": -Infinity}',
    '{"a": 1e400}',
    '{"a": 01}',
    '{"a": "\\ud800"}',
    '{"a": "\t"}',
    '{"a": 1} x',
    '{"a": 1, "a": 2}',
    "{'a': 1}",
    "nul",
    "1" * 5000,
    "[" * 100_000,
    '"\ud800"',
]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("padding", ["", PADDING])
def test_every_reader_says_the_same_of_odd_documents(
    text: str, padding: str, request: pytest.FixtureRequest
) -> None:
    first = [outcome(text + padding), outcome(padding + text)]
    request.getfixturevalue("without_pydantic")
    assert [outcome(text + padding), outcome(padding + text)] == first


def test_a_document_is_written_as_the_standard_library_writes_it() -> None:
    document = {"a": [1.5, 1e-7, 1e22, -0.0, 3, True, None], "é": {"b": ["\u2028", '"', "\\", "\x7f"]}}
    assert documents.encode(document) == json.dumps(document, separators=(",", ":")).encode()
    assert documents.write(document) == documents.encode(document).decode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        documents.write([float("nan")])


def test_space_after_a_document_is_no_second_reading() -> None:
    assert documents.parse('{"a": 1}\r\n\t ') == {"a": 1}


def test_memory_is_kept_once_and_answers_stay() -> None:
    large_bodies.keep_memory()
    large_bodies.keep_memory()
    assert large_bodies._kept == [True]
    text = json.dumps([1.5] * 100_000)
    assert documents.parse(text) == documents.parse(text.encode()) == [1.5] * 100_000
