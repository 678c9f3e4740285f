"""CSV as it is described and cut, and what is refused as a whole."""

from pathlib import Path

import pyarrow as pa
import pytest

from runtimes.batch.errors import JobError
from tests.runtimes.batch.formats.texts import NUMBER, WHOLE, cut_finely, describe, file_of, read, wanted

NOTHING = wanted({})


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (b"a,b", ["a", "b"]),
        (b"a,b\r\n1,2\r\n", ["a", "b"]),
        (b"\xef\xbb\xbfa,b\n1,2\n", ["a", "b"]),
        (b'"a","b, ""c"""\n1,2\n', ["a", 'b, "c"']),
        (b"\n\r\na,b\n", ["a", "b"]),
        ("größe (cm),b\n".encode(), ["größe (cm)", "b"]),
        (b"a\n", ["a"]),
    ],
)
def test_columns_are_texts_by_the_names_of_the_first_line(
    tmp_path: Path, head: bytes, names: list[str]
) -> None:
    described = describe(file_of(tmp_path / "x.csv", head), NOTHING)
    assert described.schema == pa.schema([(name, pa.string()) for name in names])


def test_a_delimiter_may_be_another(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.tsv", b"a\tb\n1\t2,5\n")
    asked = wanted({"a": WHOLE, "b": None}, delimiter="\t")
    assert describe(file, asked).schema.names == ["a", "b"]
    assert read(file, asked).rows == [{"a": 1, "b": "2,5"}]


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.csv", b"1,2,3\n4,5,6\n7,8\n")
    asked = wanted({"0": WHOLE, "2": NUMBER}, header=False)
    assert describe(file, asked).schema.names == ["0", "1", "2"]
    found = read(file, asked, 6)
    assert found.rows == [{"0": 1, "2": 3.0}, {"0": 4, "2": 6.0}]
    assert found.reasons == ["wrong_width"]


def test_without_a_header_most_lines_say_how_many_columns_there_are(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.csv", b'1,2\n"open,1,2\n4,5,6\n7,8,9\n')
    found = read(file, wanted({"2": WHOLE}, header=False))
    assert found.rows == [{"2": 6}, {"2": 9}]
    assert found.reasons == ["wrong_width", "broken_line"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b,a\n", "several columns of one name: a"),
        (b"a,,b\n", "column 2 has no name"),
        (b",a, \n", "columns 1, 3 have no name"),
        (b"a\rb\r1\r2\r", "carriage returns alone"),
        (b'a,"b\n1,2\n', "quotes in the first line"),
        (b'a,"b\nc"\n1,2\n', "does not end on it"),
        ("a,é\n1,2\n".encode("latin-1"), "not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "it is UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), "it is UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-be"), "it is UTF-16"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "it is gzip"),
        (b"PAR1....", "it is Parquet"),
        (b"\n" * (1 << 20), "empty lines"),
        (b"a" * (1 << 20) + b"\n", "more than 1048576 bytes"),
    ],
)
def test_refuses_what_is_no_csv_with_a_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(JobError, match=said) as refused:
        describe(file_of(tmp_path / "x.csv", data), NOTHING)
    assert refused.value.hint
    assert "x.csv" in refused.value.message


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\u00e4"])
def test_refuses_a_delimiter_that_is_none(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(JobError, match="cannot stand between"):
        describe(file_of(tmp_path / "x.csv", b"a,b\n"), wanted({}, delimiter=delimiter))


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"\r\n\r\n"])
def test_an_empty_file_has_no_columns_and_no_cuts(tmp_path: Path, data: bytes) -> None:
    described = describe(file_of(tmp_path / "x.csv", data), NOTHING)
    assert (described.schema.names, described.cuts) == ([], ())


@pytest.mark.parametrize("data", [b"a,b", b"a,b\n", b"a,b\n\n"])
def test_a_header_alone_has_no_rows(tmp_path: Path, data: bytes) -> None:
    file = file_of(tmp_path / "x.csv", data)
    assert describe(file, NOTHING).schema.names == ["a", "b"]
    assert read(file, wanted({"a": WHOLE})).rows == []


def test_cuts_end_where_lines_do_and_cover_the_file(tmp_path: Path) -> None:
    lines = [f"{number},{'x' * (number % 37)}\n" for number in range(500)]
    file = file_of(tmp_path / "x.csv", ("a,b\n" + "".join(lines)).encode())
    cuts = describe(file, NOTHING, shard_bytes=300).cuts
    data = Path(file.uri).read_bytes()
    assert len(cuts) > 20
    assert [cut.start for cut in cuts] == [0, *[cut.stop for cut in cuts[:-1]]]
    assert cuts[-1].stop == len(data)
    assert all(data[cut.stop - 1 : cut.stop] == b"\n" for cut in cuts)
    assert all(cut.spans[0][0] == 0 and sum(length for _, length in cut.spans) < 400 for cut in cuts)
    assert read(file, wanted({"a": WHOLE}), 300).rows == [{"a": number} for number in range(500)]


def test_a_cut_has_about_as_many_rows_as_a_shard_may_have(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.csv", b"a,b\n" + b"1,2\n" * 1000)
    assert len(describe(file, NOTHING, shard_rows=100).cuts) == 10


def test_a_line_longer_than_a_cut_is_in_one(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.csv", b"a,b\n1,2\n3," + b"x" * 200_000 + b"\n5,6\n7,8\n")
    assert [cut.stop for cut in describe(file, NOTHING, shard_bytes=4).cuts] == [8, 200_011, 200_015, 200_019]
    assert read(file, wanted({"a": WHOLE}), 4).rows == [{"a": 1}, {"a": 3}, {"a": 5}, {"a": 7}]


def test_compressed_text_and_values_with_ends_of_lines_are_one_cut(tmp_path: Path) -> None:
    data = b"a,b\n" + b"1,2\n" * 1000
    whole = describe(file_of(tmp_path / "x.csv", data), wanted({}, newlines_in_values=True), shard_bytes=10)
    assert [(cut.start, cut.stop) for cut in whole.cuts] == [(0, len(data))]
    file = file_of(tmp_path / "x.csv.gz", data, compress=True)
    cuts = describe(file, NOTHING, shard_bytes=10).cuts
    assert [(cut.start, cut.stop, cut.spans) for cut in cuts] == [
        (0, file.size_bytes, ((0, file.size_bytes),))
    ]


def test_a_line_is_numbered_where_the_cut_begins_with_the_file(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.csv", b"a,b\n1,2\n\n3,4\n" + b"5,6\n" * 10)
    assert read(file, wanted({"a": WHOLE}), 6).places[:3] == [(4, 2), (9, 4), (13, None)]


def test_blocks_have_at_most_so_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_finely(monkeypatch, 1000, 4000)
    file = file_of(tmp_path / "x.csv", b"a,b\n" + b"".join(b"%d,x\n" % number for number in range(900)))
    found = read(file, wanted({"a": WHOLE}, rows=7))
    assert [row["a"] for row in found.rows] == list(range(900))
    assert [line for _, line in found.places] == list(range(2, 902))


def test_refuses_a_file_that_became_shorter(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.csv", b"a,b\n1,2\n3,4\n")
    cut = describe(file, NOTHING).cuts[0]
    Path(file.uri).write_bytes(b"a,b\n1,2\n")
    from runtimes.batch.formats import csv

    with pytest.raises(JobError, match="ends at byte 8, before 12"):
        list(csv.blocks(file, file.uri, cut, wanted({"a": WHOLE})))


def test_refuses_a_file_with_other_columns_than_planned(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="other columns"):
        read(file_of(tmp_path / "x.csv", b"a,b\n1,2\n"), wanted({"c": WHOLE}))
