"""Looking for a container engine without one; with one it is tested in tests/sam."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from packager import containers


def test_the_probes_program_runs_and_ends_with_nought(tmp_path: Path) -> None:
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("the program is for Linux")
    program = tmp_path / "probe"
    program.write_bytes(containers.program_that_exits())
    program.chmod(0o755)
    assert subprocess.run([str(program)]).returncode == 0


@pytest.mark.parametrize("address", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1", "ssh://host"])
def test_an_address_where_nothing_answers_is_no_engine(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    assert containers.find() is None


def test_an_engine_that_breaks_off_is_said_to_be_unable() -> None:
    gone = containers.Engine("unix:///nowhere/docker.sock", "1")
    reason = containers.why_unable(gone)
    assert reason is not None and "broke off" in reason
