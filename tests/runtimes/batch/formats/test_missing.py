"""Texts that stand for a missing value: whichever way finds them, and told of where not named."""

from pathlib import Path

import pyarrow as pa
import pytest

from runtimes.batch.formats.missing import USUAL
from tests.runtimes.batch.formats.texts import NUMBER, TEXT, TRUTH, WHOLE, file_of, read, wanted

COLUMNS: dict[str, pa.DataType | None] = {"w": WHOLE, "n": NUMBER, "t": TRUTH, "s": TEXT, "kept": None}
NAMED = ("-999", "0", "NA", "nan", r"\N")
HEAD = b"w,n,t,s,kept\n"
JSON_HEAD = b'{"w": 1, "n": 1.5, "t": true, "s": "x", "kept": "k"}\n'
NOTHING = {"w": None, "n": None, "t": None}


@pytest.mark.parametrize("text", NAMED)
@pytest.mark.parametrize("dirt", [b"", b"7,oops,1,x,k\n"], ids=["at once", "one by one"])
def test_what_is_named_is_null_in_csv_but_for_texts(tmp_path: Path, text: str, dirt: bytes) -> None:
    cells = [text, f'"{text}"']
    lines = "".join(f"{cell},{cell},{cell},{cell},{cell}\n" for cell in cells).encode()
    file = file_of(
        tmp_path / "x.csv", HEAD + b"1,1.5,1,x,k\n" + lines + dirt + b"2, NA0,1,x,k\n" * bool(dirt)
    )
    found = read(file, wanted(COLUMNS, missing=NAMED))
    assert found.rows[1:] == [{**NOTHING, "s": text, "kept": text}] * 2
    assert found.reasons == ["not_a_number"] * (2 if dirt else 0)


@pytest.mark.parametrize("cell", [b" NA", b"NA ", b"na", b"NAN1", b"-999.5x"])
def test_nothing_but_what_is_named_is_null(tmp_path: Path, cell: bytes) -> None:
    file = file_of(tmp_path / "x.csv", b"n\n1\n" + cell + b"\n")
    found = read(file, wanted({"n": NUMBER}, missing=NAMED))
    assert (found.rows, found.reasons) == ([{"n": 1.0}], ["not_a_number"])


def test_numbers_that_are_not_named_stay_what_they_are(tmp_path: Path) -> None:
    lines = b"-999.0\n-9990\n0.0\n00\n"
    for dirt in (b"", b"oops\n"):
        found = read(file_of(tmp_path / "x.csv", b"n\n" + lines + dirt), wanted({"n": NUMBER}, missing=NAMED))
        assert [row["n"] for row in found.rows] == [-999.0, -9990.0, 0.0, 0.0]


@pytest.mark.parametrize("text", NAMED)
def test_what_is_named_is_null_in_json_but_for_texts(tmp_path: Path, text: str) -> None:
    one = '"' + text.replace("\\", "\\\\") + '"'
    line = f'{{"w": {one}, "n": {one}, "t": {one}, "s": {one}, "kept": {one}}}\n'.encode()
    found = read(file_of(tmp_path / "x.jsonl", JSON_HEAD + line), wanted(COLUMNS, missing=NAMED))
    assert found.rows[1:] == [{**NOTHING, "s": text, "kept": text}]
    assert not found.broken


def test_a_kept_column_of_json_has_the_type_of_what_is_not_missing(tmp_path: Path) -> None:
    data = b'{"k": "NA"}\n{"k": "NA"}\n{"k": 2}\n{"k": "x"}\n{"k": 3}\n'
    found = read(file_of(tmp_path / "x.jsonl", data), wanted({"k": None}, missing=("NA",)))
    assert [row["k"] for row in found.rows] == [None, None, 2, 3]
    assert found.reasons == ["wrong_type"]


@pytest.mark.parametrize("text", sorted(USUAL))
def test_what_other_programs_write_is_told_how_to_be_read(tmp_path: Path, text: str) -> None:
    rows = [
        b"w\n1\n" + text.encode() + b"\n",
        b'{"w": 1}\n{"w": "' + text.replace("\\", r"\\").encode() + b'"}\n',
    ]
    for name, data in zip(("x.csv", "x.jsonl"), rows, strict=True):
        file = file_of(tmp_path / name, data)
        (letter,) = read(file, wanted({"w": WHOLE})).broken
        assert "--missing" in letter.message and text in letter.message
        assert read(file, wanted({"w": WHOLE}, missing=(text,))).rows == [{"w": 1}, {"w": None}]
