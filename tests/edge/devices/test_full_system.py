"""A whole arm64 machine with little memory: what fits there, engine by engine."""

import json
from pathlib import Path

from tests import published
from tests.devices import envelope, full_system, roots
from tests.devices.bundles import made
from tests.edge.devices import subjects
from tests.edge.devices.subjects import Subject, by_interpreter

SELFTEST = """
import runpy, sys
sys.argv = ["edge", "selftest", "--json"]
sys.path.insert(0, "/bundle")
runpy.run_module("edge", run_name="__main__", alter_sys=True)
"""
TOO_MUCH = "held = []\nwhile len(held) < 200: held.append(b'x' * (1 << 20))\n"
DEVICE = "raspberry-pi-4"
"""Its profile has the same processor."""
MB = 1 << 20


def _proved(subject: Subject, folder: Path, memory_mb: int) -> full_system.Booted:
    """The bundle's own test, booted with so much memory in all."""
    kernel, root = full_system.ready(), roots.ready("arm64")
    artifact = made(subject.model, DEVICE, folder, *subject.options)
    booted = full_system.run(kernel, root, artifact / "bundle", SELFTEST, memory_mb)
    assert booted.code == 0, booted.output
    found = json.loads(next(line for line in booted.output.splitlines() if line.startswith("{")))
    assert found["ok"] is True
    assert found["rows"] > 0
    assert found["peak_memory_bytes"] <= (booted.peak_rss_bytes or 0)
    return booted


def test_the_engine_tiny_fits_a_machine_of_64_mb(tmp_path: Path) -> None:
    booted = _proved(subjects.forest(tmp_path, 10), tmp_path, 64)
    assert booted.peak_rss_bytes is not None
    assert booted.peak_rss_bytes < 24 * MB


def test_onnx_runtime_fits_a_machine_of_96_mb(tmp_path: Path) -> None:
    booted = _proved(subjects.net(tmp_path), tmp_path, 96)
    assert booted.peak_rss_bytes is not None
    assert booted.peak_rss_bytes < 60 * MB


def test_litert_fits_a_machine_of_64_mb(tmp_path: Path) -> None:
    booted = _proved(by_interpreter(published.IRIS_LANDMARKS.fetch()), tmp_path, 64)
    assert booted.peak_rss_bytes is not None
    assert booted.peak_rss_bytes < 40 * MB


def test_the_machine_has_no_more_than_its_memory(tmp_path: Path) -> None:
    (tmp_path / "nothing").write_text("")
    booted = full_system.run(full_system.ready(), roots.ready("arm64"), tmp_path, TOO_MUCH, 96)
    assert booted.code == envelope.KILLED, booted.output
    assert booted.peak_rss_bytes is None, "it was killed, and did not end by itself"
