"""JSON lines as they are described and cut, and what is refused as a whole."""

from pathlib import Path

import pyarrow as pa
import pytest

from runtimes.batch.errors import JobError
from tests.runtimes.batch.formats.texts import NUMBER, TEXT, WHOLE, describe, file_of, read, wanted

NOTHING = wanted({})


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["1", "2"], WHOLE),
        (["1", "2.5"], NUMBER),
        (["1", "null"], WHOLE),
        (["true", "false"], pa.bool_()),
        (['"a"', "null"], TEXT),
        (["[1, 2]", "[3.5]"], pa.list_(NUMBER)),
        (["[[1], [2]]", "[]"], pa.list_(pa.list_(WHOLE))),
        (["null", "null"], pa.null()),
        (["18446744073709551615", "1"], pa.uint64()),
        (["18446744073709551616", "-1"], NUMBER),
        (['{"k": 1}', '{"k": 2}'], TEXT),
        (["1", '"a"'], TEXT),
        (["1", "2", '"oops"'], WHOLE),
        (["[1]", "[2]", "3"], pa.list_(WHOLE)),
    ],
)
def test_a_type_is_what_most_values_are(tmp_path: Path, values: list[str], type_: pa.DataType) -> None:
    lines = "".join(f'{{"v": {value}}}\n' for value in values)
    assert describe(file_of(tmp_path / "x.jsonl", lines.encode()), NOTHING).schema == pa.schema(
        [("v", type_)]
    )


def test_columns_come_in_the_order_in_which_they_are_met(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.jsonl", b'\xef\xbb\xbf{"b": 1}\n\n{"a": 1, "b": 2, "c": 3}\noops\n')
    assert describe(file, NOTHING).schema.names == ["b", "a", "c"]
    found = read(file, wanted({"a": WHOLE, "b": None}), 5)
    assert found.rows == [{"a": None, "b": 1}, {"a": 1, "b": 2}]
    assert found.reasons == ["broken_line"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'[{"a": 1}, {"a": 2}]', "one JSON array"),
        (b'[{"a": 1}, {"a": 2}]\n', "one JSON array"),
        (b'[\n{"a": 1},\n{"a": 2}\n]\n', "one JSON array"),
        (b'{\n"a": 1\n}\n', "JSON over several lines"),
        (b'{"rows": [\n{"a": 1},\n{"a": 2}\n]}\n', "JSON over several lines"),
        (b"[1, 2]\n[3, 4]\n", "one JSON array"),
        (b"a,b\n1,2\n", "no line that is a JSON object"),
        (b"null\n", "no line that is a JSON object"),
        ('{"a": 1}\n'.encode("utf-16"), "it is UTF-16"),
        ('{"a": 1}\n'.encode("utf-16-le"), "it is UTF-16"),
        (b"\x28\xb5\x2f\xfd\0\0", "it is zstd"),
        (b"\n" * (1 << 20), "empty lines"),
    ],
)
def test_refuses_what_is_no_json_lines_with_a_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(JobError, match=said) as refused:
        describe(file_of(tmp_path / "x.json", data), NOTHING)
    assert refused.value.hint
    assert "x.json" in refused.value.message


@pytest.mark.parametrize("first", [b'{"a": 1,', b"[1, 2]", b"{", b'{"a": 1},'])
def test_a_broken_first_line_is_no_document(tmp_path: Path, first: bytes) -> None:
    found = read(file_of(tmp_path / "x.jsonl", first + b'\n{"a": 2}\n{"a": 3}\n'), wanted({"a": WHOLE}))
    assert found.rows == [{"a": 2}, {"a": 3}]
    assert found.reasons == ["broken_line"]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_columns_and_no_cuts(tmp_path: Path, data: bytes) -> None:
    described = describe(file_of(tmp_path / "x.jsonl", data), NOTHING)
    assert (described.schema.names, described.cuts) == ([], ())


def test_cuts_end_where_lines_do_and_cover_the_file(tmp_path: Path) -> None:
    lines = [f'{{"a": {number}, "b": "{"x" * (number % 37)}"}}\n' for number in range(500)]
    file = file_of(tmp_path / "x.jsonl", "".join(lines).encode())
    cuts = describe(file, NOTHING, shard_bytes=300).cuts
    assert len(cuts) > 20
    assert [cut.start for cut in cuts] == [0, *[cut.stop for cut in cuts[:-1]]]
    assert read(file, wanted({"a": WHOLE, "b": None}), 300).places[0] == (0, 1)
    assert [row["a"] for row in read(file, wanted({"a": WHOLE}), 300).rows] == list(range(500))


def test_tensors_are_nested_lists(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.jsonl", b'{"a": [[1, 2], [3.5, null]]}\n{"a": [[1]]}\n{"a": [[1], 2]}\n')
    found = read(file, wanted({"a": pa.list_(pa.list_(NUMBER))}))
    assert found.rows == [{"a": [[1.0, 2.0], [3.5, None]]}, {"a": [[1.0]]}]
    assert found.broken[0].message == "a[1] must be a list, not 2"


def test_refuses_a_kept_column_that_is_not_there_any_more(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no 'b'"):
        read(file_of(tmp_path / "x.jsonl", b'{"a": 1}\n'), wanted({"b": None}))
