"""``python -m edge telemetry`` and ``predict --telemetry``: out of a bundle, in processes of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge import exits
from tests.edge.running import run_edge
from tests.edge.telemetry import receiver
from tests.edge.telemetry.summaries import fill, spooled

ROWS = "[5.10938, 3.50781, 1.4, 0.2]\n[1]\n[6.2, 2.9, 4.3, 1.3]\n"


def test_predict_counts_what_it_is_asked_and_keeps_no_value_of_it(iris: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    done = run_edge(iris, "predict", "--telemetry", str(spool), text=ROWS)
    assert done.returncode == exits.ROWS
    (found,) = spooled(spool)
    assert (found["model"]["name"], found["device"]["profile"]) == ("iris", "here")
    assert (found["rows"], found["errors"]) == (3, {"invalid_input": 1})
    (file,) = spool.glob("*.summary.json")
    assert not [
        value for value in ("5.10938", "3.50781", "setosa", "sepal", "class") if value in file.read_text()
    ]


def test_predict_answers_though_nothing_can_be_counted(iris: Path, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    done = run_edge(iris, "predict", "--telemetry", str(tmp_path / "spool"), text=ROWS)
    assert len(done.stdout.splitlines()) == 3


def test_predict_opens_nothing_of_it_where_it_is_not_asked_for(iris: Path) -> None:
    code = (
        "import sys; from edge.__main__ import main; main(['predict'])\n"
        "print([name for name in sys.modules if 'telemetry' in name or name in ('threading', 'http.client')])"
    )
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=iris, input=ROWS, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_show_has_a_table_and_merge_one_line_for_each_model(iris: Path, tmp_path: Path) -> None:
    fill(tmp_path / "spool", 3, requests=2)
    shown = run_edge(iris, "telemetry", "--home", str(tmp_path), "show")
    assert shown.stdout.splitlines()[1].split()[:6] == ["gate", "iris", "1f3a", "(release", "7)", "6"]
    every = run_edge(iris, "telemetry", "--home", str(tmp_path), "show", "--json")
    assert [json.loads(line)["id"] for line in every.stdout.splitlines()] == ["run-1", "run-2", "run-3"]
    merged = run_edge(iris, "telemetry", "--spool", str(tmp_path / "spool"), "merge")
    (line,) = merged.stdout.splitlines()
    assert (json.loads(line)["requests"], json.loads(line)["summaries"]) == (6, 3)


def test_a_home_without_telemetry_is_no_error_and_a_folder_that_is_not_there_is(
    iris: Path, tmp_path: Path
) -> None:
    assert run_edge(iris, "telemetry", "--home", str(tmp_path), "show").stdout == "no telemetry\n"
    done = run_edge(iris, "telemetry", "--spool", str(tmp_path / "x"), "show")
    assert (done.returncode, done.stderr) == (
        exits.STREAM,
        f"error: {tmp_path / 'x'}: No such file or directory\n",
    )


def test_send_gives_the_spool_to_a_receiver(iris: Path, tmp_path: Path) -> None:
    spool, key = tmp_path / "spool", tmp_path / "key"
    fill(spool, 3)
    key.write_text("Authorization: Bearer secret\nX-Fleet: north\n")
    with receiver.receiving("lost") as server:
        sending = ("telemetry", "--spool", str(spool), "send", "--to", server.url, "--header", f"@{key}")
        done = run_edge(iris, *sending, "--header", "X-Site: 4", "--json")
        assert server.identifiers == ["run-1", "run-2", "run-3"]
        request = server.requests[-1]
    assert done.returncode == exits.DONE, done.stderr
    assert json.loads(done.stdout)["summaries"] == 3
    found = {name: request[name] for name in ("Authorization", "X-Fleet", "X-Site")}
    assert found == {"Authorization": "Bearer secret", "X-Fleet": "north", "X-Site": "4"}
    assert run_edge(iris, "telemetry", "--spool", str(spool), "show").stdout == "no telemetry\n"


def test_what_is_not_sent_is_said_and_has_an_exit_code(iris: Path, tmp_path: Path) -> None:
    fill(tmp_path, 1)
    where = ("telemetry", "--spool", str(tmp_path), "send", "--to")
    done = run_edge(iris, *where, receiver.closed_port(), "--for-s", "0.1")
    assert done.returncode == exits.UNSENT
    assert "not all is sent: http://127.0.0.1" in done.stderr
    with receiver.receiving("403") as server:
        refused = run_edge(iris, *where, server.url)
    assert refused.returncode == exits.UNSENT
    assert "answered 403: 0 summaries were taken, the others stay in the spool" in refused.stderr
    assert len(spooled(tmp_path)) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["send", "--to", "ftp://example.com"], "no address of http:// or https://"),
        (["send", "--to", "http://example.com:99999"], "no address of http:// or https://"),
        (["send", "--to", "http://me:secret@example.com"], "example.com has a user in it: give --header"),
        (["send", "--to", "http://127.0.0.1:9", "--for-s", "0"], "'0' is no number of seconds"),
        (["send", "--to", "http://127.0.0.1:9", "--max-bytes", "x"], "'x' is no number of bytes"),
        (["send"], "--to"),
    ],
)
def test_refuses_a_wrong_command_line(arguments: list[str], said: str, iris: Path, tmp_path: Path) -> None:
    done = run_edge(iris, "telemetry", "--spool", str(tmp_path), *arguments)
    assert done.returncode == exits.USAGE
    assert said in done.stderr


@pytest.mark.parametrize("header", ["no colon", "@missing", "X: a\nY: b"])
def test_refuses_a_header_that_is_none(header: str, iris: Path, tmp_path: Path) -> None:
    sending = ("telemetry", "--spool", str(tmp_path), "send", "--to", "http://127.0.0.1:9")
    done = run_edge(iris, *sending, "--header", header)
    assert done.returncode == exits.STREAM
    assert done.stderr.startswith("error: ")
