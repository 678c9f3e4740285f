"""UBJSON as XGBoost writes it, and what is none."""

import struct

import numpy as np
import pytest

from packager.converters.boosting.ubjson import read_ubjson


def sized(count: int) -> bytes:
    return b"L" + struct.pack(">q", count)


def text(words: str) -> bytes:
    return sized(len(words)) + words.encode()


def test_reads_objects_texts_numbers_and_typed_arrays() -> None:
    floats = b"[$d#" + sized(2) + struct.pack(">2f", 0.5, -2)
    data = b"{" + text("a") + floats + text("b") + b"S" + text("word") + text("c") + b"[U\x07TZ]" + b"}"
    document = read_ubjson(data)
    assert document["a"].tolist() == [0.5, -2]
    assert document["a"].dtype == np.float32
    assert (document["b"], document["c"]) == ("word", [7, True, None])


BROKEN = {
    "nothing": b"",
    "half an object": b"{" + text("a"),
    "an array longer than the file": b"[$d#" + sized(1 << 50),
    "a list longer than the file": b"[#" + sized(1 << 50) + b"U\x01",
    "a negative length": b"[$d#" + sized(-4),
    "a text longer than the file": b"S" + sized(1 << 40) + b"abc",
    "a length that is no integer": b"Sd\x00\x00\x00\x00",
    "a typed array without a length": b"[$d]",
    "an array of objects by type": b"[${#" + sized(3),
    "an unknown mark": b"?",
    "too many levels": b"[" * 1_000_000,
    "bytes behind the end": b"[]x",
    "a text that is none": b"S" + sized(2) + b"\xff\xff",
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_refuses(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_ubjson(BROKEN[name])
