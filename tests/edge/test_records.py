"""What a stream holds is told by its beginning: rows line by line, a document over several lines, columns."""

import json
from pathlib import Path

import pytest

from edge import Model
from tests.edge.conftest import ROWS
from tests.edge.running import run_edge

ROW = "[5.1, 3.5, 1.4, 0.2]"


def test_one_document_over_several_lines_is_answered_as_one(iris: Path, tmp_path: Path) -> None:
    document = {"instances": ROWS.tolist()}
    file = tmp_path / "request.json"
    file.write_text(json.dumps(document, indent=2))
    done = run_edge(iris, "predict", str(file))
    with Model.open(iris) as model:
        assert [json.loads(line) for line in done.stdout.splitlines()] == [model.answer(document)]
    listed = run_edge(iris, "predict", "--format", "json", text=json.dumps(ROWS.tolist(), indent=1))
    assert listed.stdout == done.stdout
    torn = run_edge(iris, "predict", text='{"instances":\n[')
    assert torn.returncode == 3
    assert "for one row a line, name the format: --format jsonl" in torn.stdout


@pytest.mark.parametrize(
    "first", ["[NaN, 3.5, 1.4, 0.2]", "[5.1, 3.5", '{"sepal length": 5.1}}', "[5.1, 3.5, 1.4, 0.2]]"]
)
def test_a_bad_first_row_says_nothing_about_those_after_it(iris: Path, first: str) -> None:
    done = run_edge(iris, "predict", text=f"{first}\n{ROW}\n{ROW}\n")
    refused, *answered = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert refused["error"]["line"] == 1 and refused["error"]["message"].startswith("the line is not JSON")
    assert [row["prediction"] for row in answered] == ["setosa", "setosa"]
