"""What becomes of a line depends on it alone: not on cuts, blocks, or what is wrong around it."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runtimes.batch.formats import cells
from tests.runtimes.batch.formats.texts import NUMBER, TEXT, TRUTH, WHOLE, cut_finely, file_of, read, wanted

COLUMNS: dict[str, pa.DataType | None] = {"w": WHOLE, "n": NUMBER, "t": TRUTH, "s": None}

NUMBERS = [
    "1", "-1.5e3", " 2 ", "\t3", "+4", "+5.5", ".5", "5.", "-0", "-0.0", "1_000", "0x1F", "0X1f", "nan",
    "-NaN", "inf", "Infinity", "nan(1)", "1e400", "1e-400", "1e", "e5", "oops", "NA", "null", "", " ",
    "1.0", "3e2", "1.5", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1" * 30,
    "1" * 400, "00012", "-", "+-1", "1 2", "\u0661", "\xa01", "1\x00", "infinit", "1d0", "--1", "+", ".",
    "1.e3",
]  # fmt: skip
TRUTHS = [
    "true", "TRUE", "tRue", " false", "0", "1", "yes", "", "2", "-1", "f", "true\x00",
]  # fmt: skip
TEXTS = [
    "x", "", '"q,q"', '"a ""b"" c"', '"open', '"x"y', 'a"b', '5" pipe', '""', '"a\nb"', "\u6771\u4eac",
    "a\rb", '"a\rb"', "x" * 5000, '"', '"""', "0x1", " padded ", "nan(", '"\n\n"', '"x" ', "\x00",
]  # fmt: skip
CSV_LINES = [
    "", ",,,", "1,2", "1,2,3,4,5", "\r", ",", '"1","2","true","x"', '"1"2,3,1,x', "null", ",,,,", " ",
]  # fmt: skip
JSON_VALUES = [
    "1", "-1.5e3", "null", "true", "false", '"x"', '"1"', "1.0", "3e2", "1.5", "-0", "-0.0", "NaN",
    "-Infinity", "Inf", "1e400", "1e-400", "9223372036854775807", "9223372036854775808", "1" * 30,
    "1" * 400, "1" * 5000, "[1,2]", "[]", '{"k": [1, -0]}', "[" * 1500 + "]" * 1500, '"\\ud800"',
    '"\\udc00 x"', '"\\ud83d\\ude00"', '"a\\u0000b"', '"\u6771"', '": NaN,"', '"}{"', "01", "+1", ".5",
    "1.", "'x'", "", '"a\tb"', '"Information"', "0x1", '"\\x"', "nul", "tru", '"' + "x" * 12000 + '"',
]  # fmt: skip
JSON_LINES = [
    "", " ", "\r", "null", " null", "1", "[1]", "[]", '"x"', "{}", " {} ", '{"w":1}{"w":2}',
    '{"w":1} null', '{"w":1', '"n":2}', "}", "{", '{"w":1,}', '{"w":1} x', '{"w":1,"w":2}',
    '{"n":"x","n":-0}', '{"x":1,"x":"s"}', '{"w":1},', "\ufeff{}", '{"w":1}\r{"w":2}', '{"w":1,\r"n":2}',
    '{"\\u0077":7}', '{"w":{"w":1}', ',"n":2}', '{"w":', "{}null{}", '{"w":1}//c', "\x00", '{"W":1}',
    '{"w" 1}', "x" * 300,
]  # fmt: skip


def csv_lines() -> st.SearchStrategy[list[bytes]]:
    """Lines of four columns, most of them dirty."""
    good = st.tuples(
        st.sampled_from(["1", "7.0"]), st.sampled_from(["2.5", "-3"]), st.just("true"), st.just("x")
    )
    cells_ = st.tuples(
        st.sampled_from(NUMBERS), st.sampled_from(NUMBERS), st.sampled_from(TRUTHS), st.sampled_from(TEXTS)
    )
    text = st.one_of(good.map(",".join), good.map(",".join), cells_.map(",".join), st.sampled_from(CSV_LINES))
    return st.lists(
        st.one_of(text.map(str.encode), text.map(str.encode), st.just(b"1,2,1,\xff")), max_size=40
    )


def json_lines() -> st.SearchStrategy[list[bytes]]:
    """Objects, most of them dirty."""
    good = '{"w": 1, "n": 2.5, "t": true, "s": "x"}'
    values = st.lists(st.tuples(st.sampled_from("wntsx"), st.sampled_from(JSON_VALUES)), max_size=5)
    dirty = values.map(lambda pairs: "{" + ", ".join(f'"{name}":{value}' for name, value in pairs) + "}")
    text = st.one_of(st.just(good), st.just(good), dirty, st.sampled_from(JSON_LINES))
    lines = st.lists(
        st.one_of(text.map(str.encode), text.map(str.encode), st.just(b'{"s":"\xff"}')), max_size=40
    )
    return lines.map(lambda found: [good.encode(), *found])


SIZES = st.tuples(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 50))
QUICK = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def joined(lines: list[bytes], end: bytes, is_ended: bool) -> bytes:
    return end.join(lines) + (end if is_ended else b"")


@pytest.mark.parametrize("whole", [False, True])
@QUICK
@given(lines=csv_lines(), end=st.sampled_from([b"\n", b"\r\n"]), is_ended=st.booleans(), sizes=SIZES)
def test_a_line_of_csv_is_the_same_in_every_cut(
    tmp_path: Path, whole: bool, lines: list[bytes], end: bytes, is_ended: bool, sizes: tuple[int, int, int]
) -> None:
    file = file_of(tmp_path / "x.csv", joined([b"w,n,t,s", *lines], end, is_ended))
    shard_bytes, piece_bytes, rows = sizes
    with pytest.MonkeyPatch.context() as patch:
        cut_finely(patch, 1 << 20, 4000)
        once = read(file, wanted(COLUMNS, newlines_in_values=whole))
        cut_finely(patch, piece_bytes, 4000)
        again = read(file, wanted(COLUMNS, rows, newlines_in_values=whole), shard_bytes)
    assert sorted(once.verdicts, key=repr) == sorted(again.verdicts, key=repr)


@QUICK
@given(lines=json_lines(), end=st.sampled_from([b"\n", b"\r\n"]), is_ended=st.booleans(), sizes=SIZES)
def test_a_line_of_json_is_the_same_in_every_cut(
    tmp_path: Path, lines: list[bytes], end: bytes, is_ended: bool, sizes: tuple[int, int, int]
) -> None:
    file = file_of(tmp_path / "x.jsonl", joined(lines, end, is_ended))
    shard_bytes, piece_bytes, rows = sizes
    with pytest.MonkeyPatch.context() as patch:
        cut_finely(patch, 1 << 20, 10_000)
        once = read(file, wanted(COLUMNS))
        cut_finely(patch, piece_bytes, 10_000)
        again = read(file, wanted(COLUMNS, rows), shard_bytes)
    assert sorted(once.verdicts, key=repr) == sorted(again.verdicts, key=repr)
    assert len(once.rows) + len(once.broken) == len([line for line in lines if line.strip(b" \r\n")])


@pytest.mark.parametrize("type_", [NUMBER, WHOLE, TRUTH, pa.int8(), pa.uint64(), TEXT], ids=str)
def test_a_cell_means_the_same_alone_and_among_others(tmp_path: Path, type_: pa.DataType) -> None:
    texts = [*NUMBERS, *TRUTHS]
    columns: dict[str, pa.DataType | None] = {"v": type_}
    alone, reasons = [], []
    for text in texts:
        found = read(file_of(tmp_path / "x.csv", f"v,o\n{text},1\n".encode()), wanted(columns))
        alone += found.rows
        reasons += found.reasons
    lines = "".join(f"{text},1\n" for text in texts)
    together = read(file_of(tmp_path / "x.csv", f"v,o\n{lines}".encode()), wanted(columns))
    assert repr(together.rows) == repr(alone)
    assert together.reasons == reasons


@QUICK
@given(text=st.text("0123456789+-.eExXnaifty_ \t()", max_size=8))
@example("1e5")
def test_a_number_is_what_python_reads(tmp_path: Path, text: str) -> None:
    found = read(file_of(tmp_path / "x.csv", f"v,o\n{text},1\n".encode()), wanted({"v": NUMBER}))
    try:
        expected = None if "_" in text else float(text)
    except ValueError:
        expected = None
    if expected is None and text and not text.strip(" \t+-").lower().startswith("nan("):
        assert (found.rows, found.reasons) == ([], ["not_a_number"])
    else:
        assert repr(found.rows) == repr([{"v": expected if text else None}]) or "nan" in text.lower()
        assert cells.explain_cell("x", NUMBER)[0] == "not_a_number"
