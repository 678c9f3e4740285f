"""Every line of a dirty file is a row or a dead letter, wherever the dirt lies; clean neighbours are rows."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from tests.runtimes.batch.formats.texts import NUMBER, TEXT, TRUTH, WHOLE, cut_finely, file_of, read, wanted

CSV_COLUMNS: dict[str, pa.DataType | None] = {"w": WHOLE, "n": NUMBER, "t": TRUTH, "s": None}
CSV_DIRT: dict[str, tuple[bytes, str, str | None]] = {
    "text for a number": (b"1,oops,1,x", "not_a_number", "n"),
    "text for a whole number": (b"oops,1,1,x", "not_a_number", "w"),
    "NA": (b"1,NA,1,x", "not_a_number", "n"),
    "a decimal comma": (b'1,"1,5",1,x', "not_a_number", "n"),
    "an underscore": (b"1_000,1,1,x", "not_a_number", "w"),
    "hexadecimal": (b"0x1F,1,1,x", "not_a_number", "w"),
    "hexadecimal for a float": (b"1,0x1F,1,x", "not_a_number", "n"),
    "a space alone": (b"1, ,1,x", "not_a_number", "n"),
    "zero bytes": (b"1,1\0,1,x", "not_a_number", "n"),
    "other digits": ("1,\u0661,1,x".encode(), "not_a_number", "n"),
    "a fraction for a whole number": (b"1.5,1,1,x", "not_whole", "w"),
    "nan for a whole number": (b"nan,1,1,x", "not_finite", "w"),
    "beyond int64": (b"9223372036854775808,1,1,x", "too_large", "w"),
    "far beyond int64": (b"1e30,1,1,x", "too_large", "w"),
    "neither true nor false": (b"1,1,maybe,x", "not_a_boolean", "t"),
    "too few values": (b"1,1", "wrong_width", None),
    "one value": (b"1", "wrong_width", None),
    "too many values": (b"1,1,1,x,y", "wrong_width", None),
    "a comma behind": (b"1,1,1,x,", "wrong_width", None),
    "an open quote": (b'1,1,1,"x', "broken_line", None),
    "text behind a quote": (b'1,1,1,"x"y', "broken_line", None),
    "a number in two parts": (b'1,"1"2,1,x', "broken_line", None),
    "a carriage return": (b"1,1,1,x\ry", "broken_line", None),
    "not UTF-8": (b"1,1,1,caf\xe9", "broken_line", None),
    "not UTF-8 for a number": (b"1,\xff,1,x", "broken_line", None),
    "too long": (b"1,1,1," + b"x" * 5000, "too_long", None),
}
JSON_COLUMNS = {**CSV_COLUMNS, "s": TEXT, "l": pa.list_(NUMBER)}
JSON_DIRT: dict[str, tuple[bytes, str, str | None]] = {
    "text for a number": (b'{"n": "1"}', "not_a_number", "n"),
    "true for a number": (b'{"n": true}', "not_a_number", "n"),
    "a list for a number": (b'{"n": [1]}', "not_a_number", "n"),
    "an object for a number": (b'{"n": {"x": 1}}', "not_a_number", "n"),
    "the last of two is text": (b'{"n": 1, "n": "x"}', "not_a_number", "n"),
    "text for a whole number": (b'{"w": "1"}', "not_a_number", "w"),
    "a fraction for a whole number": (b'{"w": 1.5}', "not_whole", "w"),
    "beyond int64": (b'{"w": 9223372036854775808}', "too_large", "w"),
    "far beyond int64": (b'{"w": 1e30}', "too_large", "w"),
    "a number for a truth": (b'{"t": 1}', "not_a_boolean", "t"),
    "a number for a text": (b'{"s": 1}', "not_text", "s"),
    "a number for a list": (b'{"l": 1}', "wrong_length", "l"),
    "text in a list": (b'{"l": [1, "x"]}', "not_a_number", "l"),
    "NaN": (b'{"n": NaN}', "broken_line", None),
    "minus Infinity": (b'{"x": -Infinity}', "broken_line", None),
    "null": (b"null", "broken_line", None),
    "a list": (b"[1, 2]", "broken_line", None),
    "a number": (b"7", "broken_line", None),
    "two objects": (b'{"n": 1}{"n": 2}', "broken_line", None),
    "an object and null": (b'{"n": 1} null', "broken_line", None),
    "no end": (b'{"n": 1', "broken_line", None),
    "an end alone": (b"}", "broken_line", None),
    "a comma behind": (b'{"n": 1},', "broken_line", None),
    "a comma too many": (b'{"n": 1,}', "broken_line", None),
    "single quotes": (b"{'n': 1}", "broken_line", None),
    "a zero before": (b'{"n": 01}', "broken_line", None),
    "a tab in a text": (b'{"s": "a\tb"}', "broken_line", None),
    "half a pair": (b'{"x": "\\ud800"}', "broken_line", None),
    "not UTF-8": (b'{"s": "caf\xe9"}', "broken_line", None),
    "too long": (b'{"s": "' + b"x" * 5000 + b'"}', "too_long", None),
}
CSV_GOOD, JSON_GOOD = b"7,2.5,true,x", b'{"w": 7, "n": 2.5, "t": true, "s": "x", "l": [1]}'


@dataclass(frozen=True)
class Form:
    """How the files of a format are made: the name, the first line, a good one, the columns, the dirt."""

    name: str
    first: bytes
    good: bytes
    columns: dict[str, pa.DataType | None]
    dirt: dict[str, tuple[bytes, str, str | None]]


CSV = Form("x.csv", b"w,n,t,s", CSV_GOOD, CSV_COLUMNS, CSV_DIRT)
JSONL = Form("x.jsonl", JSON_GOOD, JSON_GOOD, JSON_COLUMNS, JSON_DIRT)
DIRT = [pytest.param(form, name, id=f"{form.name}-{name}") for form in (CSV, JSONL) for name in form.dirt]


@pytest.mark.parametrize(("form", "dirt"), DIRT)
@pytest.mark.parametrize("place", [0, 1, 15, 31])
def test_one_dirty_line_is_a_dead_letter_and_the_others_are_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Form, dirt: str, place: int
) -> None:
    cut_finely(monkeypatch, 300, 4000)
    line, reason, column = form.dirt[dirt]
    lines = [form.good] * 31
    lines.insert(place, line)
    found = read(file_of(tmp_path / form.name, b"\n".join([form.first, *lines, b""])), wanted(form.columns))
    assert len(found.rows) == 31 + (form.first is form.good)
    assert [(one.reason, one.column) for one in found.broken] == [(reason, column)]
    letter, offset = found.broken[0], len(form.first) + 1 + place * (len(form.good) + 1)
    assert (letter.place.offset, letter.place.line) == (offset, place + 2)
    text = line.decode("utf-8", "backslashreplace")
    assert letter.message and isinstance(letter.record, str)
    assert letter.record == text[: 1000 if reason == "too_long" else None]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("form", [CSV, JSONL], ids=lambda form: form.name)
def test_all_dirt_together_is_accounted_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Form, end: bytes, compress: bool
) -> None:
    cut_finely(monkeypatch, 700, 4000)
    lines = [one for line, _, _ in form.dirt.values() for one in (form.good, line)]
    path = tmp_path / (form.name + ".gz" if compress else form.name)
    found = read(file_of(path, end.join([form.first, *lines]), compress), wanted(form.columns, 3), 400)
    assert len(found.rows) == len(form.dirt) + (form.first is form.good)
    assert found.reasons == [reason for _, reason, _ in form.dirt.values()]
    assert all(row == found.rows[0] for row in found.rows)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, 1.0) for text in ("1", " 1 ", "\t1", "+1", '"1"', "1.", "01", "10e-1")],
        *[
            ("-1.5e3", -1500.0),
            (".5", 0.5),
            ("1e-400", 0.0),
            ("1e400", float("inf")),
            ("-inf", float("-inf")),
        ],
        *[("", None), ('""', None)],
    ],
)
def test_what_a_number_is_in_csv(tmp_path: Path, text: str, value: float | None) -> None:
    found = read(file_of(tmp_path / "x.csv", f"n,o\n{text},1\n".encode()), wanted({"n": NUMBER}))
    assert found.rows == [{"n": value}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, 1) for text in ("1", "+1", " 1", "1.0", "01")],
        *[("3e2", 300), ("-0", 0), ("9223372036854775807", 2**63 - 1), ("", None)],
    ],
)
def test_what_a_whole_number_is_in_csv(tmp_path: Path, text: str, value: int | None) -> None:
    found = read(file_of(tmp_path / "x.csv", f"n,o\n{text},1\n".encode()), wanted({"n": WHOLE}))
    assert found.rows == [{"n": value}]


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("tRUE", True), ("1", True), (" False ", False), ("0", False), ("", None)],
)
def test_what_is_true_in_csv(tmp_path: Path, text: str, value: bool | None) -> None:
    found = read(file_of(tmp_path / "x.csv", f"n,o\n{text},1\n".encode()), wanted({"n": TRUTH}))
    assert found.rows == [{"n": value}]


def test_texts_of_csv_stand_as_they_are(tmp_path: Path) -> None:
    lines = '"q,q";"a ""b"" c";;" x ";5" pipe;NA;\u6771'
    names = ";".join("abcdefg")
    columns = dict.fromkeys("abcdefg")
    found = read(file_of(tmp_path / "x.csv", f"{names}\n{lines}\n".encode()), wanted(columns, delimiter=";"))
    assert list(found.rows[0].values()) == ["q,q", 'a "b" c', "", " x ", '5" pipe', "NA", "\u6771"]


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (b'{"w": 1.0, "n": 1}', {"w": 1, "n": 1.0}),
        (b'{"w": 3e2}', {"w": 300, "n": None}),
        (b'{"n": 1, "n": 2}', {"w": None, "n": 2.0}),
        (b'{"n": null, "w": null}', {"w": None, "n": None}),
        (b'{"n": 1e400}', {"w": None, "n": float("inf")}),
        (b'{"n": 12345678901234567890123}', {"w": None, "n": 12345678901234567890123.0}),
        (b'{"x": {"y": [1, {"z": null}]}, "n": 1}', {"w": None, "n": 1.0}),
        (b'{"x": ' + b"[" * 3000 + b"]" * 3000 + b', "n": 1}', {"w": None, "n": 1.0}),
        (b'\t{"\\u006e": 1} ', {"w": None, "n": 1.0}),
        (b"{}", {"w": None, "n": None}),
    ],
)
def test_what_a_line_of_json_says(tmp_path: Path, line: bytes, row: dict[str, object]) -> None:
    columns: dict[str, pa.DataType | None] = {"w": WHOLE, "n": NUMBER}
    for lines in ([line], [b'{"w": 7}', line], [line, b'{"w": "x"}']):
        found = read(
            file_of(tmp_path / "x.jsonl", b"\n".join([b'{"w": 1, "n": 1}', *lines])), wanted(columns)
        )
        assert row in found.rows


def test_the_slow_way_keeps_the_sign_of_zero(tmp_path: Path) -> None:
    file = file_of(tmp_path / "x.jsonl", b'{"n": -0, "w": 1.0}\n{"n": -0, "w": 1}\n')
    found = read(file, wanted({"n": NUMBER, "w": WHOLE}))
    assert [str(row["n"]) for row in found.rows] == ["-0.0", "-0.0"]


def test_kept_columns_of_json_have_the_type_of_most_of_their_values(tmp_path: Path) -> None:
    lines = b'{"id": 1, "tag": "a", "more": {"k": [1, 2]}}\n{"id": 2, "tag": 5, "more": {}}\n'
    lines += b'{"id": "x", "tag": "b"}\n'
    found = read(file_of(tmp_path / "x.jsonl", lines), wanted(dict.fromkeys(["id", "tag", "more"])))
    assert found.rows == [{"id": 1, "tag": "a", "more": '{"k":[1,2]}'}, {"id": 2, "tag": "5", "more": "{}"}]
    assert [(one.reason, one.column) for one in found.broken] == [("wrong_type", "id")]


@pytest.mark.parametrize("compress", [False, True])
def test_values_of_csv_may_hold_ends_of_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: bool
) -> None:
    cut_finely(monkeypatch, 20, 4000)
    data = b'w,s\n1,"a\nb"\n2,"c""\r\n\n"\n\n3,x\n4,"open\n5,y\n'
    file = file_of(tmp_path / ("x.csv.gz" if compress else "x.csv"), data, compress)
    found = read(file, wanted({"w": WHOLE, "s": None}, newlines_in_values=True), 10)
    assert found.rows == [
        {"w": 1, "s": "a\nb"},
        {"w": 2, "s": 'c"\r\n\n'},
        {"w": 3, "s": "x"},
        {"w": 5, "s": "y"},
    ]
    assert found.places == [(4, 2), (12, 4), (24, 8), (36, 10)]
    assert found.records[0] == '1,"a\nb"'
    assert [(one.reason, one.record) for one in found.broken] == [("broken_line", '4,"open')]


def test_an_end_of_a_line_in_a_value_is_told_how_to_be_read(tmp_path: Path) -> None:
    found = read(file_of(tmp_path / "x.csv", b'w,s\n1,"a\nb"\n2,x\n'), wanted({"w": WHOLE, "s": None}))
    assert found.rows == [{"w": 2, "s": "x"}]
    assert "--newlines-in-values" in found.broken[0].message
    assert found.reasons == ["broken_line", "wrong_width"]


def test_a_file_of_bad_rows_alone_is_read_in_one_pass(tmp_path: Path) -> None:
    count = 20_000
    for name, head, line in (
        ("x.csv", b"w,n\n", b"1,oops\n"),
        ("x.jsonl", b'{"w": 1, "n": 1}\n', b'{"w": 1, "n": "oops"}\n'),
    ):
        found = read(file_of(tmp_path / name, head + line * count), wanted({"w": WHOLE, "n": NUMBER}))
        assert len(found.broken) == count
        assert found.broken[-1].place.offset == len(head) + (count - 1) * len(line)


def test_many_broken_lines_stand_between_the_rows_where_they_were(tmp_path: Path) -> None:
    lines = [b"1,oops" if at % 3 else b"%d,1" % at for at in range(600)]
    found = read(file_of(tmp_path / "x.csv", b"\n".join([b"w,n", *lines])), wanted({"w": WHOLE, "n": NUMBER}))
    assert [row["w"] for row in found.rows] == list(range(0, 600, 3))
    assert len(found.broken) == 400
    assert found.order == sorted(offset for offset in found.order if offset is not None)
