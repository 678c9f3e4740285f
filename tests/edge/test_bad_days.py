"""What goes wrong around a bundle on a real device, and does not make it answer wrong."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from tests.edge.running import LEAN, run_edge

ROW = "[5.1, 3.5, 1.4, 0.2]\n"


@pytest.fixture(scope="module")
def odd(iris: Path, iris_onnx: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two bundles in paths that some programs cannot hold."""
    folder = tmp_path_factory.mktemp("odd") / "a b'c  é 東"
    shutil.copytree(iris, folder / "tiny")
    shutil.copytree(iris_onnx, folder / "onnx", copy_function=os.link)
    return folder


@pytest.mark.parametrize("engine", ["tiny", "onnx"])
@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONOPTIMIZE": "2"},
        {"PYTHONWARNINGS": "error"},
        {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"},
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"},
    ],
    ids=str,
)
def test_any_environment_and_any_path_answer_the_same(
    odd: Path, iris: Path, engine: str, environment: dict[str, str]
) -> None:
    done = run_edge(iris, "predict", "--bundle", str(odd / engine), text=ROW, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["prediction"] == "setosa"


def test_the_folder_itself_can_be_run_from_anywhere(odd: Path, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('another json')")
    command = [sys.executable, str(odd / "tiny" / "edge"), "predict"]
    done = subprocess.run(
        command, input=ROW, cwd=tmp_path, env=LEAN, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["prediction"] == "setosa"


def test_a_folder_that_cannot_be_written_to_stays_as_it_is(odd: Path) -> None:
    before = sorted(path.relative_to(odd) for path in odd.rglob("*"))
    environment = {name: value for name, value in LEAN.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [
        "unshare",
        "-m",
        "sh",
        "-c",
        'mount --bind -o ro "$1" "$1" && cd "$1/onnx" && "$2" -m edge selftest',
    ]
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("mounting a folder read-only takes root and unshare")
    done = subprocess.run(
        [*command, "sh", str(odd), sys.executable],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.relative_to(odd) for path in odd.rglob("*")) == before


def test_little_memory_is_a_sentence(iris: Path) -> None:
    rows = json.dumps([[5.1, 3.5, 1.4, 0.2]] * 9000)
    script = f"ulimit -v 60000; exec {sys.executable} -m edge predict --format json"
    done = subprocess.run(
        ["bash", "-c", script], input=rows, cwd=iris, env=LEAN, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)
    if done.returncode:
        assert done.stderr.startswith("error: ")


def test_two_processes_use_a_bundle_at_once(odd: Path) -> None:
    command = [sys.executable, "-m", "edge", "selftest", "--json"]
    children = [
        subprocess.Popen(command, cwd=odd / "onnx", env=LEAN, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [json.loads(child.communicate(timeout=60)[0])["ok"] for child in children] == [True] * 3


def test_code_that_is_not_whole_is_told(iris: Path, copy_of: Callable[[Path], Path]) -> None:
    bundle = copy_of(iris)
    source = bundle / "runtimes" / "core" / "rows.py"
    whole = source.read_bytes()
    source.write_bytes(whole[:100] + b"(")
    done = run_edge(bundle, "selftest")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the code of this bundle is not whole" in done.stderr and "rows.py" in done.stderr
    source.write_bytes(whole)
    byte_code = source.parent / "__pycache__" / f"rows.{sys.implementation.cache_tag}.pyc"
    byte_code.parent.mkdir()
    for rest in (b"", b"no code"):
        byte_code.write_bytes(MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + rest)
        done = run_edge(bundle, "predict", text=ROW)
        assert (done.returncode, done.stdout) == (1, "")
        assert "the code of this bundle is not whole" in done.stderr
    source.unlink()
    byte_code.unlink()
    assert "No module named 'runtimes.core.rows'" in run_edge(bundle, "selftest").stderr


def test_a_python_without_all_of_its_library_is_told(iris: Path, copy_of: Callable[[Path], Path]) -> None:
    bundle = copy_of(iris)
    (bundle / "array.py").write_text("raise ModuleNotFoundError(\"No module named 'array'\", name='array')")
    done = run_edge(bundle, "predict", text=ROW)
    assert (done.returncode, done.stdout) == (1, "")
    assert "this Python has no module 'array': install all of" in done.stderr
