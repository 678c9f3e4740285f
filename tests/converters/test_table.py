"""Sample files as people save them: what is taken all the same, and what is refused by its name."""

import zipfile
from pathlib import Path

import numpy as np
import pandas
import pytest

from packager.converters.failure import SamplesError
from packager.converters.samples import read_samples
from packager.converters.signature import Feature, Signature
from packager.converters.table import read_table

MATRIX = Signature((), (), features=tuple(Feature(f"x{at}", "number", "X", at) for at in range(2)))
CSV = "x0,x1\n1,2\n3,4\n"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, signature: Signature) -> dict[str, list[object]]:
    rows = read_samples(read_table(path), signature)
    return {name: array.tolist() for name, array in rows.columns.items()}


def refusal(path: Path) -> SamplesError:
    with pytest.raises(SamplesError) as caught:
        read_samples(read_table(path), MATRIX)
    return caught.value


def test_the_numbers_that_pandas_gives_columns_without_names_are_no_row(tmp_path: Path) -> None:
    pandas.DataFrame([[5.0, 6.0], [7.0, 8.0]]).to_csv(tmp_path / "rows.csv", index=False)
    assert read(tmp_path / "rows.csv", MATRIX) == {"x0": [5.0, 7.0], "x1": [6.0, 8.0]}


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.csv", "\n" + CSV.replace("\n", "\n\n") + "   \n\n")
    assert read(path, MATRIX) == {"x0": [1.0, 3.0], "x1": [2.0, 4.0]}
    words = Signature((), (), features=(Feature("text", "text", "text", 0),))
    assert read(written(tmp_path / "texts.csv", "text\na\n \n"), words) == {"text": ["a", " "]}


@pytest.mark.parametrize(
    ("separator", "words"), [(";", "by semicolons"), ("\t", "by tabs"), ("|", "by bars")]
)
def test_other_separators_are_named(separator: str, words: str, tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "rows.csv", CSV.replace(",", separator)))
    assert f"has its columns separated {words}" in error.message


def test_numbers_separated_by_blanks_are_named(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "rows.csv", np.ones((3, 2)))
    assert "separated by blanks" in refusal(tmp_path / "rows.csv").message


def test_the_row_numbers_that_pandas_adds_are_recognised(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"x0": [1.0], "x1": [2.0]})
    frame.to_csv(tmp_path / "rows.csv")
    pandas.read_csv(tmp_path / "rows.csv").to_csv(tmp_path / "twice.csv", index=False)
    for name in ("rows.csv", "twice.csv"):
        assert "index=False" in str(refusal(tmp_path / name).hint)


def test_refuses_columns_of_different_lengths(tmp_path: Path) -> None:
    for name, kind in (("xl/workbook.xml", "is an Excel workbook"), ("a.txt", "is a zip that holds 'a.txt'")):
        with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as other:
            other.writestr(name, "<x/>")
        assert kind in refusal(tmp_path / "other.xlsx").message
    np.savez(tmp_path / "rows.npz", x0=np.ones(3), x1=np.ones(2))
    assert "not columns of one length: x0 [3], x1 [2]" in refusal(tmp_path / "rows.npz").message
    np.savez(tmp_path / "single.npz", x0=1.0, x1=2.0)
    assert "not columns of one length" in refusal(tmp_path / "single.npz").message
