"""``python -m edge predict``: rows in, answers out, in their order, whatever stands in the lines."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge import Model
from tests.edge.bundles import make_bundle
from tests.edge.conftest import FEATURES, ROWS
from tests.edge.running import LEAN, run_edge
from tests.runtimes.core import models

ROW = "[5.1, 3.5, 1.4, 0.2]"


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_rows_of_every_form_are_answered_in_order(iris: Path) -> None:
    named = json.dumps(dict(zip(FEATURES, ROWS[2].tolist(), strict=True)))
    text = f'\ufeff{ROW}\n\n  {named}\r\n{{"features": {ROW}}}\n{{"instances": [{ROW}, {ROW}]}}\n{ROW}'
    done = run_edge(iris, "predict", text=text)
    assert (done.returncode, done.stderr) == (0, "")
    found = lines(done.stdout)
    with Model.open(iris) as model:
        rows = model.answer_rows([json.loads(ROW), json.loads(named)])
        assert found[:2] == rows
        assert found[2] == model.answer({"features": json.loads(ROW)})
        assert found[3]["predictions"] == ["setosa", "setosa"]
        assert found[4] == rows[0]


def test_a_wrong_line_has_its_error_in_its_place(iris: Path) -> None:
    wrong = ["[1, 2]", "nonsense", "[1, 2, 3, NaN]", '{"instances": []}', '[1, 2, 3, "x"]', '"text"', "[[]]"]
    text = "\n".join(part for line in wrong for part in (ROW, line))
    done = run_edge(iris, "predict", text=text)
    assert done.returncode == 3
    assert done.stderr == "7 of 14 were refused; each error stands in its row's place\n"
    found = lines(done.stdout)
    assert [("error" in answer) for answer in found] == [False, True] * 7
    assert [answer["error"]["line"] for answer in found[1::2]] == [2, 4, 6, 8, 10, 12, 14]
    assert found[9]["error"] == {
        "code": "invalid_input",
        "message": "petal width must be a number, not text",
        "field": "petal width",
        "line": 10,
    }
    assert {json.dumps(answer) for answer in found[::2]} == {json.dumps(found[0])}


def test_strict_stops_at_the_first_wrong_line(iris: Path) -> None:
    done = run_edge(iris, "predict", "--strict", text=f"{ROW}\n{ROW}\n[1]\n{ROW}\n")
    assert done.returncode == 3
    assert len(lines(done.stdout)) == 2
    assert done.stderr.startswith("error: stdin, line 3: the row has 1 values")


def test_hostile_lines_are_refused_alone(iris: Path) -> None:
    with Model.open(iris) as model:
        most = model.bundle.manifest.limits.max_body_bytes
    hostile = [
        b"[" * 200_000,
        b"\xff\xfe\x00",
        b'[1, 2, 3, "\\ud800"]',
        b"[1, 2, 3, " + b"9" * 400 + b"]",
        b"[" + b" " * most + b"]",
        b'{"a": ' * 1000,
        b"\x00\x01\x02",
        b"[1e999, 1, 1, 1]",
    ]
    text = b"\n".join([ROW.encode(), *hostile, ROW.encode()])
    done = run_edge(iris, "predict", "--format", "jsonl", text=text)
    assert done.returncode == 3
    found = lines(done.stdout)
    assert ["error" in answer for answer in found] == [False, *[True] * len(hostile), False]
    assert found[5]["error"]["message"] == f"the line has more than {most} bytes"
    assert found[2]["error"]["message"] == "the line is not UTF-8 (byte 0)" or "UTF-8" in str(found[2])


def test_csv_is_read_by_name_in_any_order_with_columns_to_spare(iris: Path) -> None:
    text = "species,petal width,petal length,sepal width,sepal length\r\nx,0.2,1.4,3.5,5.1\r\n,1,2\r\n"
    done = run_edge(iris, "predict", text=text)
    assert done.returncode == 3
    assert "the columns species; they are left out" in done.stderr
    found = lines(done.stdout)
    assert found[0] == lines(run_edge(iris, "predict", text=ROW).stdout)[0]
    assert found[1]["error"]["message"] == "the line has 3 values, and 5 are expected"
    assert found[1]["error"]["line"] == 3


def test_csv_is_read_by_position_without_a_header(iris: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("5.1;3.5;1.4;0.2\n")
    done = run_edge(iris, "predict", "--delimiter", ";", str(file))
    assert done.stdout == run_edge(iris, "predict", text=ROW).stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b,c,d\n1,2,3,4\n", "names none of the model's columns (sepal length, "),
        ("sepal length,b,c,d\n1,2,3,4\n", "does not name sepal width, petal length, petal width"),
        ("sepal length," * 2 + ",".join(FEATURES[1:]) + "\n1,2,3,4,5\n", "names sepal length more than once"),
    ],
)
def test_a_header_that_does_not_fit_answers_nothing(iris: Path, text: str, sentence: str) -> None:
    done = run_edge(iris, "predict", text=text)
    assert (done.returncode, done.stdout) == (3, "")
    assert sentence in done.stderr


def test_a_line_of_texts_alone_is_a_row_only_where_that_is_said(tmp_path: Path) -> None:
    texts = np.array([["good"], ["bad"]], object)
    model, signature = models.same("string")
    signature["features"] = models.columns(["x", "y", "z"], "text", "x")
    bundle = make_bundle(
        tmp_path / "b", model, signature, [{"x": texts.repeat(3, axis=1)}], engine="onnxruntime_c"
    )
    refused = run_edge(bundle, "predict", text="good,bad,ugly\n")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "if it is a row by position, say --no-header" in refused.stderr
    answered = run_edge(bundle, "predict", "--no-header", text="good,bad,\n")
    assert lines(answered.stdout) == [{"outputs": {"y": ["good", "bad", ""]}}]
    assert run_edge(bundle, "predict", text="z,y,x\n1,2,3\n").stdout == '{"outputs":{"y":["3","2","1"]}}\n'


def test_mixed_columns_come_out_of_csv(mixed: Path) -> None:
    text = 'city,age,rooms\nBern,,3\n"Kö""ln,\nx",41.5,3.0\nBern,1_0,2\nBern,1,2.5\n'
    done = run_edge(mixed, "predict", "--output", "csv", text=text)
    assert done.returncode == 3
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(found[0]) == ["prediction", "probability_high", "probability_low", "error"]
    with Model.open(mixed) as model:
        expected = model.predict([["Bern", None, 3], ['Kö"ln,\nx', 41.5, 3]])["predictions"]
    assert [row["prediction"] for row in found] == [*expected, "", ""]
    errors = [
        "line 5: age must be a number, but it is '1_0'",
        "line 6: rooms must be a whole number, not 2.5",
    ]
    assert [row["error"] for row in found[2:]] == errors


def test_several_files_are_answered_one_after_the_other(iris: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a b.jsonl", tmp_path / "ü.csv"
    first.write_text(f"{ROW}\n[1]\n")
    second.write_text("5.1,3.5,1.4,0.2")
    done = run_edge(iris, "predict", str(first), str(second), "-", text=ROW)
    found = lines(done.stdout)
    assert [answer.get("prediction") for answer in found] == ["setosa", None, "setosa", "setosa"]
    assert found[1]["error"]["file"] == str(first)


def test_a_model_without_rows_takes_documents(tmp_path: Path) -> None:
    given = {"flag": [[True, False]], "a": [[1.0, 2.0]], "b": [[3.0, 4.0]]}
    arrays = {name: np.array(value) for name, value in given.items()}
    bundle = make_bundle(tmp_path / "b", *models.switch(), [arrays], engine="onnxruntime_c")
    row = {name: array[0].tolist() for name, array in arrays.items()}
    text = json.dumps({"inputs": given}) + "\n" + json.dumps(row)
    done = run_edge(bundle, "predict", text=text)
    assert done.returncode == 0, done.stderr
    whole, alone = lines(done.stdout)
    assert whole["outputs"] == {"chosen": [[1.0, 4.0]], "count": [1]}
    assert alone["outputs"] == {"chosen": [1.0, 4.0], "count": 1}
    table = run_edge(bundle, "predict", "--output", "csv", text=text.splitlines()[1]).stdout
    assert table == "chosen_0,chosen_1,count,error\n1.0,4.0,1,\n"
    assert "does not take CSV" in run_edge(bundle, "predict", "--format", "csv", text="1,2\n").stderr


def test_what_is_there_is_answered_before_more_is_waited_for(iris: Path) -> None:
    command = [sys.executable, "-m", "edge", "predict"]
    with subprocess.Popen(
        command, cwd=iris, env=LEAN, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for _ in range(3):
            child.stdin.write(f"{ROW}\n".encode())
            child.stdin.flush()
            assert json.loads(child.stdout.readline())["prediction"] == "setosa"
        child.stdin.close()
        assert child.stdout.read() == b""
    assert child.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_between_two_lines_without_a_word(iris: Path, number: int) -> None:
    shell = subprocess.Popen(
        ["bash", "-c", f"exec {sys.executable} -m edge predict < <(yes '{ROW}')"],
        cwd=iris, env=LEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with shell as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10_000)
        child.send_signal(number)
        rest = child.stdout.read()
        assert child.stderr.read() == b""
    assert child.returncode == -number
    assert rest.endswith(b"\n")


def test_a_reader_that_goes_away_ends_it_without_a_word(iris: Path) -> None:
    script = f"yes '{ROW}' | {sys.executable} -m edge predict | head -n 1; echo ${{PIPESTATUS[1]}}"
    done = subprocess.run(["bash", "-c", script], cwd=iris, env=LEAN, capture_output=True, text=True)
    assert done.stdout.splitlines()[1:] == ["141"]
    assert done.stderr == ""


def test_memory_stays_the_same_however_many_rows_come(iris: Path) -> None:
    program = (
        "import sys; from edge.__main__ import main; code = main(['predict', '--output', 'csv']);"
        "print(*[line for line in open('/proc/self/status') if 'VmHWM' in line], file=sys.stderr)"
    )
    peaks = []
    for count in (2_000, 40_000):
        done = subprocess.run(
            [sys.executable, "-c", program], input=(ROW + "\n") * count, cwd=iris, env=LEAN,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.stdout.count("\n") == count + 1
        peaks.append(int(done.stderr.split()[1]))
    assert peaks[1] - peaks[0] < 1024


def test_input_that_cannot_be_read_and_output_that_cannot_be_written_are_named(iris: Path) -> None:
    assert run_edge(iris, "predict", "nowhere.csv").stderr == (
        "error: nowhere.csv cannot be read: No such file or directory\n"
    )
    assert run_edge(iris, "predict", ".").returncode == 4
    for redirection, sentence in (
        ("<&-", "stdin is closed: name a file"),
        (">&-", "stdout is closed: there is nowhere to write to"),
        (">/dev/full", "stdout cannot be written to: No space left on device"),
    ):
        script = f"echo '{ROW}' | {{ {sys.executable} -m edge predict {redirection}; }}"
        done = subprocess.run(["bash", "-c", script], cwd=iris, env=LEAN, capture_output=True, text=True)
        assert done.returncode == 4
        assert done.stderr.startswith(f"error: {sentence}")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [(), ("predict", "--batch", "0"), ("predict", "--threads", "x"), ("predict", "--delimiter", "ab"),
     ("benchmark", "--seconds", "-1"), ("predict", "--format", "xml"), ("run",)],
)  # fmt: skip
def test_usage_is_told_with_exit_code_2(iris: Path, arguments: tuple[str, ...]) -> None:
    done = run_edge(iris, *arguments)
    assert done.returncode == 2
    assert "usage: " in done.stderr


def test_a_bundle_that_cannot_be_opened_answers_nothing(iris: Path, tmp_path: Path) -> None:
    done = run_edge(iris, "predict", "--bundle", str(tmp_path), text=ROW)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: no artifact in {tmp_path}: manifest.json cannot be read")


def test_rows_are_answered_in_small_and_large_batches_alike(iris: Path) -> None:
    rng = np.random.default_rng(0)
    text = "\n".join(json.dumps(row) for row in rng.uniform(0, 8, (300, 4)).round(2).tolist())
    found = {run_edge(iris, "predict", "--batch", batch, text=text).stdout for batch in ("1", "7", "1000")}
    assert len(found) == 1
    assert found.pop().count("\n") == 300


def test_a_slow_writer_in_the_middle_of_a_line_is_waited_for(iris: Path) -> None:
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "edge", "predict"], cwd=iris, env=LEAN, stdin=reader, stdout=subprocess.PIPE
    ) as child:
        os.close(reader)
        for part in (b"[5.1, 3.", b"5, 1.4", b", 0.2]\n[1"):
            os.write(writer, part)
            time.sleep(0.02)
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["prediction"] == "setosa"
        os.write(writer, b", 2, 3, 4]")
        os.close(writer)
        assert json.loads(child.stdout.readline())["prediction"] == "virginica"
    assert child.returncode == 0
