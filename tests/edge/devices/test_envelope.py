"""What a device's limits hold a bundle to: three models within their profile's budget, one over its own."""

import json
from pathlib import Path

import pytest

from packager.tuning.cgroups import Limits
from tests import published
from tests.devices import confined, envelope, roots
from tests.devices.bundles import made
from tests.devices.confined import Mount
from tests.devices.envelope import Held
from tests.devices.presence import NotHereError, skip_or_fail
from tests.devices.roots import Root
from tests.edge.devices import subjects
from tests.edge.devices.subjects import Subject, by_interpreter

SELFTEST = ("env", "-C", "/bundle", "python3", "-m", "edge", "selftest", "--json")
PROCESSES = 16
MB = 1 << 20
BATCH = """
import sys
from edge import Model
rows = int(sys.argv[1])
images = memoryview(bytes(rows * 64 * 4)).cast("f", [rows, 64])
print(len(Model.open().run({"image": images})["digit"]))
"""
# Writes where it may not and more than there is room for, calls out, and makes too many processes.
ESCAPES = """
import errno, os, socket, sys
def tried(work):
    try:
        work()
    except OSError as error:
        return errno.errorcode[error.errno]
def fork():
    for _ in range(40):
        if not os.fork():
            __import__("time").sleep(1)
            os._exit(0)
print(tried(lambda: open("/etc/written", "w")), tried(lambda: open("/bundle/written", "w")),
      tried(lambda: open("/tmp/large", "wb").write(bytes(24 << 20))),
      tried(lambda: socket.create_connection(("127.0.0.1", 80), 1)), tried(fork),
      os.getuid(), len(os.sched_getaffinity(0)))
"""


@pytest.fixture(scope="module")
def root() -> Root:
    try:
        envelope.need_groups()
    except NotHereError as error:
        skip_or_fail(error)
    return roots.ready("x86_64")


def _held(root: Root, subject: Subject, folder: Path) -> tuple[Held, dict[str, int]]:
    """The self-test of a build within the budget of the bundle's own profile, and that profile."""
    artifact = made(subject.model, "linux-x86_64", folder, *subject.options)
    device = json.loads((artifact / "bundle" / "manifest.json").read_text(encoding="utf-8"))["device"]
    limits = Limits(1.0, device["memory_mb"], PROCESSES)
    return envelope.run(root, limits, SELFTEST, mounts=(Mount(artifact / "bundle", "/bundle"),)), device


def _subjects(name: str, folder: Path) -> Subject:
    if name == "forest":
        return subjects.forest(folder, 10)
    return subjects.net(folder) if name == "net" else by_interpreter(published.IRIS_LANDMARKS.fetch())


@pytest.mark.parametrize("name", ["forest", "net", "landmarks"])
def test_a_bundle_stays_within_the_budget_of_its_device(name: str, root: Root, tmp_path: Path) -> None:
    held, device = _held(root, _subjects(name, tmp_path), tmp_path)
    assert held.ran.code == 0, held.ran.stderr
    found = json.loads(held.ran.stdout)
    assert found["ok"] is True
    assert held.oom_kills == 0
    assert found["peak_memory_bytes"] < device["memory_mb"] * MB
    assert 0 < held.peak_bytes <= device["memory_mb"] * MB


def test_what_takes_more_than_the_budget_is_ended_by_the_kernel(root: Root, tmp_path: Path) -> None:
    subject = subjects.net(tmp_path)
    artifact = made(subject.model, "linux-x86_64", tmp_path, *subject.options, "--engine", "onnxruntime")
    mounts = (Mount(artifact / "bundle", "/bundle"),)
    limits, ask = Limits(1.0, 64, PROCESSES), ("env", "-C", "/bundle", "python3", "-c", BATCH)
    small = envelope.run(root, limits, (*ask, "1000"), mounts=mounts)
    assert small.ran.stdout.split() == ["1000"], small.ran.stderr
    large = envelope.run(root, limits, (*ask, "400000"), mounts=mounts)
    assert (large.ran.code, large.oom_kills) == (envelope.KILLED, 1)
    assert small.peak_bytes < large.peak_bytes <= 64 * MB


def test_nothing_leaves_the_device(root: Root, tmp_path: Path) -> None:
    mounts = (Mount(confined.hand_over(tmp_path), "/bundle"),)
    held = envelope.run(root, Limits(1.0, 128, PROCESSES), ("python3", "-c", ESCAPES), mounts=mounts)
    assert held.ran.stdout.split() == ["EROFS", "EROFS", "ENOSPC", "ENETUNREACH", "EAGAIN", "65534", "1"]


def test_a_tenth_of_a_core_is_a_tenth(root: Root, tmp_path: Path) -> None:
    spin = ("python3", "-c", "import time\nwhile time.process_time() < 0.2: pass")
    held = envelope.run(root, Limits(0.1, 64, PROCESSES), spin)
    assert held.ran.code == 0
    assert held.throttled > 0
