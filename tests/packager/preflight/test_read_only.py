"""A command runs where it cannot write, with an empty environment; what it wrote all the same is found."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager import preflight
from packager.errors import PreflightError
from packager.preflight import read_only

WAYS = ["as this machine can", "without mounts"]
WRITES = "open('left-behind', 'w').close()"


@pytest.fixture(params=WAYS)
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with files of different permissions, to be guarded in each of the two ways."""
    if request.param == WAYS[1]:
        monkeypatch.setattr(read_only, "_mount_wrapper", lambda folder: [])
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "data").write_text("as it was")
    (tmp_path / "run").write_text("")
    (tmp_path / "run").chmod(0o755)
    yield tmp_path


def run(folder: Path, code: str, **environment: str) -> tuple[int, str]:
    done = preflight.ReadOnly()([sys.executable, "-I", "-c", code], folder, environment)
    return done.returncode, done.stdout.strip()


def test_runs_in_the_folder_with_nothing_but_the_given_variables(folder: Path) -> None:
    code = "import os; print(os.getcwd(), sorted(os.environ), os.environ['LC_ALL'])"
    assert run(folder, code, MODEL_ROOT="x") == (0, f"{folder} ['LC_ALL', 'MODEL_ROOT'] C")


def test_an_exit_code_and_what_was_said_come_back(folder: Path) -> None:
    done = preflight.ReadOnly()([sys.executable, "-c", "import sys; sys.exit('no model')"], folder, {})
    assert (done.returncode, done.stderr) == (1, "no model\n")


def test_permissions_and_files_are_as_before(folder: Path) -> None:
    before = {
        path: (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }
    run(folder, "print('hello')")
    assert {
        path: (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    } == before
    assert os.access(folder, os.W_OK)


@pytest.mark.parametrize(
    "code", [WRITES, "open('inner/data', 'a').write('!')", "import os; os.remove('inner/data')"]
)
def test_a_command_cannot_write_into_the_folder(folder: Path, code: str) -> None:
    """Either it is refused by the system, or (root without mounts) it is found out."""
    try:
        returncode, _ = run(folder, code)
    except PreflightError as error:
        assert "writes into its own folder" in error.message
    else:
        assert returncode == 1
        assert (folder / "inner" / "data").read_text() == "as it was"
        assert not (folder / "left-behind").exists()


def test_too_long_is_an_error(folder: Path) -> None:
    with pytest.raises(PreflightError, match="did not finish within 0 s in a read-only folder"):
        preflight.ReadOnly(timeout_s=0.2)([sys.executable, "-c", "import time; time.sleep(60)"], folder, {})


def test_says_which_way_was_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert preflight.ReadOnly().method(tmp_path) in {"read-only mount", "permissions and comparison"}
    monkeypatch.setenv("PATH", "")
    assert preflight.ReadOnly().method(tmp_path) == "permissions and comparison"
