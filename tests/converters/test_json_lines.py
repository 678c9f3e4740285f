"""JSON that is not one row in each line is refused with the place."""

from pathlib import Path

import pytest

from packager.converters.failure import SamplesError
from packager.converters.samples import read_samples
from packager.converters.signature import Feature, Signature
from packager.converters.table import read_table

MATRIX = Signature((), (), features=tuple(Feature(f"x{at}", "number", "X", at) for at in range(2)))


def refusal(path: Path) -> SamplesError:
    with pytest.raises(SamplesError) as caught:
        read_samples(read_table(path), MATRIX)
    return caught.value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"x0": 1, "x1": 2}]', "a list of objects in row 1, not one row"),
        ('[\n{"x0": 1, "x1": 2}\n]', "has no JSON in row 1"),
        ('{"instances": 5}', "'instances' in row 1 that is not a list of rows"),
        ('{"inputs": [1, 2]}', "'inputs' in row 1 that is not an object"),
        (
            '{"inputs": {"X": [[1, 2]]}}\n{"inputs": {"Y": [[1, 2]]}}',
            "other inputs in row 2 than in row 1: X, Y",
        ),
        ('{"inputs": {"X": [[1, 2]]}}\n{"inputs": {"X": [[1]]}}', "cannot be put together"),
        ('{"inputs": {"X": {"b64": "AAAA", "dtype": "float32", "shape": [1]}}}', "an object where a number"),
        ('{"x0": {"0": 1, "1": 2}, "x1": {"0": 1, "1": 2}}', "in row 1, column 'x0'"),
    ],
)
def test_refuses_json_that_is_not_one_row_in_each_line(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(content, encoding="utf-8")
    assert words in refusal(tmp_path / "rows.jsonl").message
