"""Tools are fetched by their hashes, kept, and missed with a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from packager import cache, tools
from packager.errors import ToolError


@pytest.fixture
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a uv that neither reaches an index nor remembers one."""
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    return tmp_path / "cache"


@pytest.mark.network
def test_the_emulator_is_a_program_for_this_machine_with_its_licence() -> None:
    binary = tools.emulator()
    assert binary.read_bytes()[:4] == b"\x7fELF" and binary.stat().st_mode & 0o111
    assert {path.name for path in (binary.parent / "licenses").iterdir()} == {"LICENSE", "NOTICE"}
    assert tools.has_emulator()


@pytest.mark.network
def test_the_interface_client_starts_in_the_interpreter_it_was_fetched_for() -> None:
    folder = tools.interface_client(Path(sys.executable))
    code = "import awslambdaric, runtime_client; print(awslambdaric.__version__)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env={"PYTHONPATH": str(folder)}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "4.2.2", done.stderr
    assert tools.has_interface_client(Path(sys.executable))


@pytest.mark.network
def test_the_sam_cli_is_fetched_once_and_then_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    command = tools.fetch_sam()
    assert tools.find_sam() == command
    done = subprocess.run([*command, "--version"], capture_output=True, text=True)
    assert done.stdout.startswith("SAM CLI, version"), done.stderr


def test_a_shim_that_does_not_start_is_no_sam_cli(no_network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_network.mkdir()
    shim = no_network / "sam"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(no_network))
    assert tools.find_sam() is None


def test_the_sam_cli_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "sam"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools.find_sam() == tools.fetch_sam() == (str(own),)


@pytest.mark.parametrize("fetch", [tools.emulator, lambda: tools.interface_client(Path(sys.executable))])
def test_without_a_network_it_says_what_to_do_and_leaves_nothing(fetch: object, no_network: Path) -> None:
    assert callable(fetch)
    with pytest.raises(ToolError, match="could not be fetched") as caught:
        fetch()
    assert caught.value.hint is not None and "packager doctor --fix" in caught.value.hint
    assert caught.value.details
    assert not [path for path in (no_network / "tools").iterdir() if path.suffix != ".lock"]


def test_a_fetched_file_that_is_not_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = tmp_path / "forged.lock"
    forged.write_text(f"aws-sam-cli==1.170.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(tools, "_EMULATOR_LOCK", forged)
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    with pytest.raises(ToolError, match="could not be fetched"):
        tools.emulator()


def test_an_interpreter_that_does_not_start_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ToolError, match=f"the interpreter {broken} does not start"):
        tools.interface_client(broken)
