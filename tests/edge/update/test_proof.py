"""The golden inputs run in a process of their own, which is bounded and can lead nobody astray."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from edge.update.errors import UnfitError
from edge.update.proof import Proof, run
from edge.update.slots import read_bundle
from tests.edge.update.releases import golden, make_bundle, tiny_model, write_manifest

PROVE = Proof(60.0)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with its own code."""
    return make_bundle(tmp_path_factory.mktemp("bundle") / "root", seed=1, code=True)


def _copy(bundle: Path, folder: Path) -> Path:
    return Path(shutil.copytree(bundle, folder / "copy"))


def test_a_bundle_that_answers_right_is_proved(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_ROOT", "/nowhere")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    PROVE(str(bundle), read_bundle(str(bundle)))
    assert not list(bundle.rglob("__pycache__"))


def test_a_bundle_that_answers_wrong_is_told_in_its_own_words(bundle: Path, tmp_path: Path) -> None:
    root = _copy(bundle, tmp_path)
    data, labels = tiny_model(1)
    (root / "golden.json").write_text(json.dumps(golden([2 - label for label in labels])))
    (root / "manifest.json").unlink()
    write_manifest(root, data)
    with pytest.raises(
        UnfitError, match=r"failed on this device: iris .* does not answer .* \(exit code 5\)"
    ):
        PROVE(str(root), read_bundle(str(root)))


def test_a_bundle_whose_code_is_broken_is_told(bundle: Path, tmp_path: Path) -> None:
    root = _copy(bundle, tmp_path)
    (root / "edge" / "selftest.py").write_text("raise RuntimeError('no code')\n")
    with pytest.raises(UnfitError, match=r"RuntimeError: no code \(exit code 1\)"):
        PROVE(str(root), read_bundle(str(root)))


@pytest.mark.parametrize("module", ["slots.py", "tuf_client.py"])
def test_a_bundle_that_could_not_be_updated_again_is_told(bundle: Path, tmp_path: Path, module: str) -> None:
    root = _copy(bundle, tmp_path)
    (root / "edge" / "update" / module).write_text("import nowhere\n")
    (root / "manifest.json").unlink()
    write_manifest(root, tiny_model(1)[0])
    with pytest.raises(UnfitError, match=r"could not be updated again on this device: .*'nowhere'"):
        PROVE(str(root), read_bundle(str(root)))


def test_packages_for_updates_that_cannot_be_imported_are_told(bundle: Path, tmp_path: Path) -> None:
    root = _copy(bundle, tmp_path)
    (root / "update_packages" / "tuf").mkdir(parents=True)
    (root / "update_packages" / "tuf" / "__init__.py").write_text("import nowhere\n")
    with pytest.raises(
        UnfitError, match=r"updated again on this device: .*nowhere is missing in .*update_packages"
    ):
        PROVE(str(root), read_bundle(str(root)))


def test_a_bundle_that_takes_more_memory_than_twice_its_profile_fails(bundle: Path, tmp_path: Path) -> None:
    root = _copy(bundle, tmp_path)
    (root / "edge" / "selftest.py").write_text("held = bytearray(200 << 20)\n")
    with pytest.raises(UnfitError, match=r"not enough memory|MemoryError"):
        PROVE(str(root), read_bundle(str(root)))


def test_a_process_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "note"
    command = ["/bin/sh", "-c", f"sleep 600 & echo $! > {note}; wait"]
    assert run(command, str(tmp_path), dict(os.environ), 2.0, None) == "it took longer than 2 s"
    child = int(note.read_text())
    ends = time.monotonic() + 30
    while _is_running(child):
        assert time.monotonic() < ends
        time.sleep(0.01)


def _is_running(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_process_that_talks_without_end_is_killed(tmp_path: Path) -> None:
    why = run(["/bin/sh", "-c", "yes >&2"], str(tmp_path), dict(os.environ), 0.3, None)
    assert why == "it took longer than 0.3 s"


def test_a_child_that_stays_behind_keeps_nobody_waiting(tmp_path: Path) -> None:
    assert run(["/bin/sh", "-c", "sleep 50 &"], str(tmp_path), dict(os.environ), 30, None) is None


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["/bin/sh", "-c", "exit 3"], "exit code 3, without a word"),
        (["/bin/sh", "-c", "echo ' error: first' >&2; echo second >&2; exit 3"], "first (exit code 3)"),
        (["/bin/sh", "-c", "kill -9 $$"], "killed by signal 9, without a word"),
    ],
)
def test_a_failure_is_told_by_its_last_words(tmp_path: Path, command: list[str], why: str) -> None:
    assert run(command, str(tmp_path), dict(os.environ), 30, None) == why


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    why = run(["/nowhere/program"], str(tmp_path), {}, 30, None)
    assert why is not None and "it cannot be started" in why
