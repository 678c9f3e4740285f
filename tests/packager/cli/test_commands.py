"""The command line as its user meets it: help, errors, exit codes, and one JSON document on stdout."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from packager.cli.group import SUMMARIES
from tests.main_job.commands import packager

HEAVY = {
    "numpy",
    "pydantic",
    "rich",
    "jinja2",
    "torch",
    "tensorflow",
    "sklearn",
    "onnx",
    "onnxruntime",
    "pandas",
}


def test_help_imports_no_framework_and_nothing_heavy() -> None:
    code = (
        "import sys\nfrom packager.cli import run\ncode = run(['--help'])\n"
        "print(code, *sorted(m.partition('.')[0] for m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    words = done.stderr.split()
    assert words[0] == "0"
    assert "build" in done.stdout
    assert not HEAVY & set(words)


@pytest.mark.parametrize("command", SUMMARIES)
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    done = packager(command, "--help", cwd=tmp_path)
    assert done.exit_code == 0
    assert "Usage:" in done.stdout


@pytest.mark.parametrize("command", ["bench", "tune", "explain-size"])
@pytest.mark.parametrize(
    ("place", "said"), [("none/it.json", "there is no folder none"), (".", "name a file")]
)
def test_refuses_figures_that_could_not_be_saved_before_anything_is_measured(
    command: str, place: str, said: str, tmp_path: Path
) -> None:
    done = packager(command, "dist/none/lambda", "--save", place, cwd=tmp_path)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_mistyped_command_gets_a_suggestion(tmp_path: Path) -> None:
    done = packager("biuld", "x", cwd=tmp_path)
    assert done.exit_code == 2
    assert "Did you mean 'build'?" in done.stderr


def test_a_mistyped_option_gets_a_suggestion(tmp_path: Path) -> None:
    done = packager("build", "x", "--smaples", "y", cwd=tmp_path)
    assert done.exit_code == 2
    assert "--samples" in done.stderr


def test_a_missing_model_is_one_sentence_with_its_own_code(tmp_path: Path) -> None:
    done = packager("build", "nowhere.joblib", cwd=tmp_path)
    assert done.exit_code == 4
    assert done.stdout == ""
    assert "there is no model at nowhere.joblib" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("build", "x", "-o", "json", "--nonsense"), ("biuld", "x", "-ojson")])
def test_with_json_a_usage_error_is_the_one_document_too(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = packager(*arguments, cwd=tmp_path)
    assert done.exit_code == done.document()["exit_code"] == 2
    assert done.document()["error"]["kind"] == "UsageError"


def test_with_json_an_error_is_the_one_document_too(tmp_path: Path) -> None:
    done = packager("build", "nowhere.joblib", "-o", "json", cwd=tmp_path)
    document = done.document()
    assert document["exit_code"] == done.exit_code == 4
    assert document["error"]["kind"] == "SourceError"
    assert "nowhere.joblib" in document["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("build", "m.onnx", "--tolerance", "-1"), 3, "tolerance is -1"),
        (("build", "m.onnx", "--target", "lamda"), 3, "did you mean 'lambda'"),
        (("build", "m.onnx", "--runtime", "python2.7"), 3, "python2.7"),
        (("build", "m.onnx", "--name", "a/b"), 3, "name is 'a/b'"),
        (("build", "m.onnx", "--samples", "none.csv"), 6, "there are no samples at none.csv"),
        (("build", "m.onnx", "--config", "none.toml"), 3, "none.toml cannot be read"),
        (("build",), 3, "no model is named"),
        (("build", "m.onnx"), 4, "m.onnx"),
        (("inspect", "."), 4, "is a folder"),
        (("inspect", "s3://bucket/model.joblib"), 4, "is an address, not a file on this machine"),
        (("invoke", "."), 12, "is not a"),
        (("verify", "."), 12, "is not an artifact"),
    ],
)
def test_each_mistake_has_its_sentence_and_code(
    arguments: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes(b"this is no model")
    done = packager(*arguments, cwd=tmp_path)
    assert done.exit_code == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "dist").exists()


def test_a_model_newer_than_every_runtime_can_be_inspected(tmp_path: Path) -> None:
    """Looking at a model needs no target: only a build has to fit one."""
    import onnx
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in "XY"]
    graph = helper.make_graph([helper.make_node("Relu", ["X"], ["Y"])], "new", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=12)
    onnx.save(model, tmp_path / "new.onnx")
    found = packager("inspect", "new.onnx", "-o", "json", cwd=tmp_path)
    assert found.exit_code == 0, found.stderr
    assert found.document()["signature"]["inputs"][0]["shape"] == ["batch", 4]


def test_init_writes_a_configuration_and_never_replaces_one(tmp_path: Path) -> None:
    assert packager("init", "m.onnx", cwd=tmp_path).exit_code == 0
    assert 'model = "m.onnx"' in (tmp_path / "packager.toml").read_text()
    (tmp_path / "packager.toml").write_text("mine")
    again = packager("init", "m.onnx", cwd=tmp_path)
    assert again.exit_code == 3
    assert (tmp_path / "packager.toml").read_text() == "mine"


def test_every_command_that_answers_at_once_answers_in_json(tmp_path: Path) -> None:
    assert packager("init", "m.onnx", "-o", "json", cwd=tmp_path).document() == {"path": "packager.toml"}
    assert packager("schema", "-o", "json", cwd=tmp_path).document()["properties"]["model"]


def test_what_the_machine_refuses_is_no_bug(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as sink:
        command = [sys.executable, "-m", "packager", "schema"]
        full = subprocess.run(command, cwd=tmp_path, stdout=sink, stderr=subprocess.PIPE)
    assert full.returncode == 1
    assert b"No space left on device" in full.stderr
    assert b"bug" not in full.stderr


@pytest.mark.parametrize("arguments", [("build", "nowhere.joblib"), ("doctor",)])
@pytest.mark.parametrize("no_color", ["", "1"])
def test_colour_on_a_terminal_can_be_forbidden(
    no_color: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """The child's output is a terminal of its own."""
    reader, terminal = pty.openpty()
    environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm"}
    command = [sys.executable, "-m", "packager", *arguments]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        said = b""
        with contextlib.suppress(OSError):  # a terminal that nobody holds any more ends so
            while chunk := os.read(reader, 4096):
                said += chunk
        process.wait(timeout=60)
    os.close(reader)
    assert (re.search(rb"\x1b\[3\dm", said) is None) is bool(no_color), said


def test_a_folder_where_a_file_is_in_the_way_is_said(tmp_path: Path) -> None:
    code = (
        "import sys, packager.audit as audit\nfrom pathlib import Path\nfrom packager.cli import run\n"
        "def audit_it(*_):\n    Path(sys.argv[1], 'file', 'deeper').mkdir()\n"
        "audit.audit = audit_it\nsys.exit(run(['verify', '.', '-o', 'json']))"
    )
    (tmp_path / "file").touch()
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["message"] == f"{tmp_path}/file/deeper cannot be written or read: Not a directory"


def test_a_pipeline_that_stops_a_command_finds_nothing_left_behind(tmp_path: Path) -> None:
    (tmp_path / "waiting.py").write_text("import time\ntime.sleep(60)\n")
    code = (
        "import sys, tempfile, subprocess, packager.audit as audit\nfrom packager.cli import run\n"
        "def waiting(*_):\n    with tempfile.TemporaryDirectory() as scratch:\n"
        "        print(scratch, flush=True)\n        subprocess.run([sys.executable, sys.argv[1]])\n"
        "audit.audit = waiting\nsys.exit(run(['verify', '.']))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "waiting.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        scratch = Path(process.stdout.readline().strip())
        assert scratch.is_dir()
        process.terminate()
        assert process.wait(timeout=30) == 130
    assert not scratch.exists()


def test_targets_and_schema_are_json_documents(tmp_path: Path) -> None:
    found = packager("targets", "-o", "json", cwd=tmp_path).document()
    assert found["lambda"]["properties"]["memory_mb"]["default"] == 1024
    assert "properties" in packager("schema", cwd=tmp_path).document()


def test_doctor_answers_in_json_and_changes_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "PACKAGER_CACHE_DIR": str(tmp_path / "cache")}
    done = packager("doctor", "-o", "json", cwd=tmp_path, environment=environment)
    checks = {check["name"]: check for check in done.document()}
    assert checks["uv"]["status"] == "ok"
    assert checks["models: sklearn"]["status"] == "ok"
    assert not (tmp_path / "cache").exists()


def test_a_bug_leaves_a_log_and_its_own_code(tmp_path: Path) -> None:
    code = (
        "import sys, packager.audit as audit\nfrom packager.cli import run\n"
        "def broken(*_):\n    raise RuntimeError('unforeseen')\n"
        "audit.audit = broken\nsys.exit(run(['verify', '.']))"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 70
    assert "this is a bug in packager: RuntimeError: unforeseen" in done.stderr
    (log,) = tmp_path.glob("packager-*.log")
    assert "Traceback" in log.read_text()


def test_nothing_is_printed_on_stdout_but_the_answer(tmp_path: Path) -> None:
    done = packager("targets", "-o", "json", cwd=tmp_path)
    assert json.loads(done.stdout)
    assert done.stderr == ""
