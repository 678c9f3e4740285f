"""Children within limits: what goes over one is killed with all that it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packager import child

FREELY_MB = 4096


def run(tmp_path: Path, code: str, timeout_s: float = 60.0, memory_mb: int = FREELY_MB) -> child.Ended:
    command = [sys.executable, "-c", code]
    return child.run(command, tmp_path, dict(os.environ), tmp_path / "log", timeout_s, memory_mb)


def is_running(pid: int) -> bool:
    """A process that was killed and that nobody has asked about yet runs no more."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_child_that_ends_by_itself_says_how_and_what_it_printed(tmp_path: Path) -> None:
    ended = run(tmp_path, "print('first'); print(); print('last'); raise SystemExit(3)")
    assert (ended.returncode, ended.limit) == (3, None)
    assert child.last_lines(tmp_path / "log") == ("first", "last")


def test_an_endless_line_is_cut(tmp_path: Path) -> None:
    run(tmp_path, "print('x' * 10_000_000); print('end')")
    *_, long, end = child.last_lines(tmp_path / "log")
    assert len(long) <= 500 and end == "end"


def test_a_child_that_eats_memory_is_stopped(tmp_path: Path) -> None:
    eats = (
        "kept = []\nwhile True:\n kept.append(bytearray(b'x') * 20_000_000)\n import time; time.sleep(0.05)"
    )
    ended = run(tmp_path, eats, memory_mb=200)
    assert ended.limit == "memory" and ended.peak_memory_mb > 200
    assert ended.returncode == -signal.SIGKILL


def test_memory_of_a_grandchild_in_a_session_of_its_own_counts(tmp_path: Path) -> None:
    eats = "kept = bytearray(b'x') * 300_000_000; import time; time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {eats!r}], start_new_session=True)"
    assert run(tmp_path, code, memory_mb=200).limit == "memory"


@pytest.mark.parametrize("apart", [False, True])
def test_a_dawdling_child_is_killed_with_what_it_started(tmp_path: Path, apart: bool) -> None:
    code = (
        "import subprocess, sys, time\n"
        f"one = subprocess.Popen(['sleep', '600'], start_new_session={apart})\n"
        "print(one.pid, flush=True)\ntime.sleep(600)"
    )
    ended = run(tmp_path, code, timeout_s=2.0)
    assert ended.limit == "time"
    (line,) = child.last_lines(tmp_path / "log")
    assert not is_running(int(line))


def test_what_a_child_leaves_running_is_killed_when_it_ends(tmp_path: Path) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid)"
    assert run(tmp_path, code).returncode == 0
    (line,) = child.last_lines(tmp_path / "log")
    assert not is_running(int(line))


def test_ctrl_c_kills_the_whole_group(tmp_path: Path) -> None:
    slow = (
        "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
    )
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom packager import child\n"
        f"child.run([sys.executable, '-c', {slow!r}], Path('.'), dict(os.environ), Path('log'), 600, 4096)\n"
    )
    root = str(Path(__file__).parents[2])
    own = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": root},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    log = tmp_path / "log"
    until = time.monotonic() + 30
    while not (log.exists() and log.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.05)
    own.send_signal(signal.SIGINT)
    assert own.wait(30) != 0
    assert not is_running(int(log.read_text()))


def test_the_limit_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 16 GB, a group of 1000 MB with 400 in use, of which 100 are pages of files."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable: 15000000 kB\n")
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/\n")
    group = tmp_path / "cgroup"
    group.mkdir()
    (group / "memory.max").write_text(f"{1000 << 20}\n")
    (group / "memory.current").write_text(f"{400 << 20}\n")
    (group / "memory.stat").write_text(f"inactive_file {60 << 20}\nactive_file {40 << 20}\n")
    monkeypatch.setattr(child, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(child, "_CGROUPS", group)
    assert child.memory_here_mb() == 630
    (group / "memory.max").write_text("max\n")
    assert child.memory_here_mb() == 15_000_000 * 9 // 10 // 1024
