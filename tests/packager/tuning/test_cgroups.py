"""Control groups as the kernel of this machine makes them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from packager.runtime_api import FULL_CPU_MB
from packager.tuning import cgroups
from packager.tuning.hierarchy import NAME, places
from tests.packager.tuning.limits import needs_limits

SPIN = "import time\nwhile time.process_time() < 0.1: pass\n"
GREEDY = "held = bytearray(300 << 20)\n"
HOLD = """
import subprocess, sys, time
from packager.tuning import cgroups
with cgroups.limited(512) as group:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], preexec_fn=group.enter)
    print(child.pid, flush=True)
    time.sleep(600)
"""


def run(group: cgroups.Group, code: str) -> int:
    return subprocess.run([sys.executable, "-I", "-S", "-c", code], preexec_fn=group.enter).returncode


def own_groups() -> list[Path]:
    return [
        path for place in places(("cpu", "memory")) for path in place.folder.glob(f"{NAME}{os.getpid()}-*")
    ]


def throttled(folder: Path) -> int:
    found = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
    return int(found["nr_throttled"])


def cpu_folder() -> Path:
    (folder,) = (path for path in own_groups() if (path / "cpu.stat").exists())
    return folder


def test_share_of_a_size_is_lambdas() -> None:
    assert cgroups.cpu_share(1769) == 1
    assert cgroups.cpu_share(512) == pytest.approx(0.289, abs=0.001)
    assert cgroups.cpu_share(10_240) == pytest.approx(5.79, abs=0.01)


@needs_limits
def test_work_under_a_small_share_is_throttled() -> None:
    with cgroups.limited(128) as group:
        assert run(group, SPIN) == 0
        assert throttled(cpu_folder()) > 0
        assert group.entering_ms > 0


@needs_limits
def test_work_of_one_thread_is_never_throttled_at_a_whole_processor() -> None:
    with cgroups.limited(2 * FULL_CPU_MB) as group:
        assert run(group, SPIN) == 0
        assert throttled(cpu_folder()) == 0


@needs_limits
def test_a_process_beyond_the_memory_is_killed_and_that_is_known() -> None:
    with cgroups.limited(128) as group:
        assert run(group, GREEDY) == -signal.SIGKILL
        assert group.out_of_memory


@needs_limits
def test_a_process_within_the_memory_lives() -> None:
    with cgroups.limited(512) as group:
        assert run(group, GREEDY) == 0
        assert not group.out_of_memory


@needs_limits
def test_the_share_alone_limits_no_memory() -> None:
    with cgroups.limited(128, memory=False) as group:
        assert run(group, GREEDY) == 0


@needs_limits
def test_groups_are_gone_afterwards_with_all_that_ran_in_them() -> None:
    with cgroups.limited(512) as group:
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        left = subprocess.Popen(command, preexec_fn=group.enter)  # noqa: PLW1509
        assert own_groups()
    assert left.wait(timeout=30) == -signal.SIGKILL
    assert own_groups() == []


@needs_limits
def test_what_a_killed_run_left_is_swept_by_the_next() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        child = int(killed.stdout.readline())
        killed.kill()
        killed.wait()
    (parent, *_) = (place.folder for place in places(("cpu",)))
    assert list(parent.glob(f"{NAME}{killed.pid}-*"))
    with cgroups.limited(512):
        assert not list(parent.glob(f"{NAME}{killed.pid}-*"))
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]


@needs_limits
def test_a_group_that_is_held_is_not_swept() -> None:
    with cgroups.limited(512) as held:
        code = "from packager.tuning import cgroups\nwith cgroups.limited(256): pass\n"
        subprocess.run([sys.executable, "-c", code], check=True)
        assert run(held, "") == 0
        assert own_groups()
