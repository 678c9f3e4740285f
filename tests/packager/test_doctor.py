"""What doctor finds on this machine and on worse ones."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from packager import cache, doctor, installed, recipes
from packager.doctor import Check

NAMES = {
    "python 3.11", "python 3.12", "python 3.13", "python 3.14", "uv", "samples", "report",
    "engine: onnx", "engine: tflite", "emulator", "awslambdaric", "SAM CLI", "container engine",
    "arm64", "cache", "disk", "microcontrollers", "boards",
    *(f"models: {recipe.name}" for recipe in recipes.standing()),
}  # fmt: skip


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    return tmp_path / "cache"


def examined() -> dict[str, Check]:
    return {check.name: check for check in doctor.examine()}


def test_every_finding_that_is_not_well_says_what_to_do(empty_cache: Path) -> None:
    found = examined()
    assert set(found) == NAMES
    assert all(check.fix for check in found.values() if check.status != "ok")
    assert all(check.found for check in found.values())
    json.dumps([asdict(check) for check in found.values()])


def test_looking_changes_nothing(empty_cache: Path) -> None:
    examined()
    assert not empty_cache.exists()


def test_an_empty_cache_and_no_engine_are_warnings_and_not_failures(empty_cache: Path) -> None:
    found = examined()
    missing = {name: found[name].status for name in ("emulator", "awslambdaric", "container engine")}
    assert set(missing.values()) == {"warn"}
    assert "none answers" in found["container engine"].found


def test_without_frameworks_it_says_what_is_fetched_and_what_is_to_be_installed(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "_places", list)
    found = examined()
    sklearn, torch = found["models: sklearn"], found["models: torch"]
    assert sklearn.status == "ok" and "the first build fetches" in sklearn.found
    assert "about 700 MB" in sklearn.found and "skl2onnx" in sklearn.found
    assert torch.status == "warn" and torch.fix is not None and torch.fix.startswith("pip install torch")
    assert found["samples"].fix == "pip install pyarrow"
    assert found["report"].fix == "pip install vl-convert-python"


def test_a_cache_that_cannot_be_written_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "file"))
    check = examined()["cache"]
    assert check.status == "fail" and check.fix is not None and cache.CACHE_VARIABLE in check.fix


def test_the_caches_size_is_that_of_its_files(empty_cache: Path) -> None:
    (empty_cache / "engines").mkdir(parents=True)
    (empty_cache / "engines" / "library").write_bytes(bytes(3_000_000))
    (empty_cache / "engines" / "link").symlink_to("library")
    (empty_cache / "lock").write_bytes(bytes(1_000_000))
    assert examined()["cache"].found == f"{empty_cache}, 4 MB"


def test_no_framework_is_imported_to_learn_its_version(empty_cache: Path) -> None:
    code = (
        "import sys; from packager import doctor; doctor.examine(); "
        "print(sorted({'torch', 'sklearn', 'onnx', 'skl2onnx', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.network
def test_fix_fetches_what_is_missing_into_the_cache(empty_cache: Path) -> None:
    said: list[str] = []
    found = {check.name: check for check in doctor.apply_fixes(said.append)}
    assert {found[name].status for name in ("emulator", "awslambdaric", "SAM CLI")} == {"ok"}
    assert any("340 MB" in line for line in said) or "sam-cli" not in found["SAM CLI"].found
    assert list((empty_cache / "tools").glob("emulator-*"))


def test_fix_says_what_it_could_not_fetch(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    said: list[str] = []
    found = {check.name: check for check in doctor.apply_fixes(said.append)}
    assert found["emulator"].status == "warn"
    assert any("could not be fetched" in line for line in said)


def test_without_a_cross_compiler_and_a_board_the_packages_that_have_them_are_named(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    found = examined()
    assert found["microcontrollers"].status == found["boards"].status == "warn"
    assert "gcc-arm-none-eabi" in (found["microcontrollers"].fix or "")
    assert "qemu-system-arm" in (found["boards"].fix or "")
