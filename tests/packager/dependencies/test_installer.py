"""What uv refuses becomes a sentence that says what is missing and what there is instead."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.dependencies import installer
from packager.errors import DependencyError
from packager.layout import Arch, Platform
from packager.uv_program import Done
from tests.packager.dependencies.wheels import serve, wheel


def platform(arch: Arch = "x86_64", python: str = "3.13", glibc: str = "2.34") -> Platform:
    return Platform(arch, python, glibc, "3.4.29", ())


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    serve(tmp_path, monkeypatch)
    return tmp_path


def lock(index: Path, text: str) -> Path:
    path = index / "some.lock"
    path.write_text(text)
    return path


def refuse(index: Path, text: str, wanted: Platform) -> DependencyError:
    with pytest.raises(DependencyError) as raised:
        installer.install(lock(index, text), wanted, index / "dest", "a package of some.lock")
    return raised.value


@pytest.mark.parametrize(
    ("arch", "glibc", "name"),
    [
        ("x86_64", "2.34", "x86_64-manylinux_2_34"),
        ("arm64", "2.34", "aarch64-manylinux_2_34"),
        ("x86_64", "2.26", "x86_64-manylinux_2_17"),
        ("arm64", "2.99", "aarch64-manylinux_2_40"),
    ],
)
def test_asks_for_wheels_of_the_targets_glibc_or_older(arch: Arch, glibc: str, name: str) -> None:
    assert installer.wheel_platform(platform(arch, glibc=glibc)) == name


def test_refuses_a_glibc_that_no_wheel_is_made_for() -> None:
    with pytest.raises(DependencyError, match=r"glibc 2\.12 of the target"):
        installer.wheel_platform(platform(glibc="2.12"))


def test_takes_the_wheel_of_the_target_and_not_of_this_machine(index: Path) -> None:
    lines = [
        wheel(index, "demo", "1.0", f"cp312-cp312-manylinux_2_28_{arch}", {"demo.py": f"arch = '{arch}'\n"})
        for arch in ("aarch64", "x86_64")
    ]
    both = lines[0].rstrip() + " " + lines[1].split(" ", 1)[1]
    installer.install(lock(index, both), platform("arm64", "3.12"), index / "dest", "demo")
    assert (index / "dest" / "demo.py").read_text() == "arch = 'aarch64'\n"


def test_names_the_package_the_platform_and_those_that_have_it(index: Path) -> None:
    line = wheel(index, "demo", "1.0", "cp312-cp312-manylinux_2_28_x86_64", {"demo.py": ""})
    error = refuse(index, line, platform("arm64", "3.12"))
    assert error.message == "demo 1.0 has no wheel for aarch64 with glibc 2.34 and Python 3.12"
    assert error.details == ("it has wheels for: manylinux_2_28_x86_64",)
    assert "--arch" in (error.hint or "")


def test_names_the_pythons_that_have_it(index: Path) -> None:
    line = wheel(index, "demo", "1.0", "cp311-cp311-manylinux_2_28_x86_64", {"demo.py": ""})
    error = refuse(index, line, platform(python="3.13"))
    assert error.message == "demo 1.0 has no wheel for x86_64 with glibc 2.34 and Python 3.13"
    assert error.details == ("it has wheels for: cp311",)


def test_refuses_a_wheel_for_a_newer_glibc(index: Path) -> None:
    line = wheel(index, "demo", "1.0", "cp311-cp311-manylinux_2_28_x86_64", {"demo.py": ""})
    error = refuse(index, line, platform(python="3.11", glibc="2.26"))
    assert "with glibc 2.26" in error.message
    assert error.details == ("it has wheels for: manylinux_2_28_x86_64",)


def test_refuses_a_package_whose_content_is_not_what_was_locked(index: Path) -> None:
    line = wheel(index, "demo", "1.0", "py3-none-any", {"demo.py": ""})
    wheel(index, "demo", "1.0", "py3-none-any", {"demo.py": "import os  # changed since\n"})
    error = refuse(index, line, platform())
    assert "could not be fetched for x86_64" in error.message
    assert any("Hash mismatch" in detail for detail in error.details)
    assert not (index / "dest" / "demo.py").exists()


def test_never_builds_from_source(index: Path) -> None:
    (index / "demo-1.0.tar.gz").write_bytes(b"no sdist at all")
    error = refuse(index, f"demo==1.0 --hash=sha256:{'0' * 64}\n", platform())
    assert error.message.startswith("demo 1.0 has no wheel for x86_64")
    assert error.details == ("it has no wheels at all, only its source",)


def test_asks_about_other_platforms_when_uv_does_not_name_them(index: Path) -> None:
    line = wheel(index, "demo", "1.0", "py3-none-manylinux_2_28_x86_64", {"demo.py": ""})
    (index / "demo-1.0.tar.gz").write_bytes(b"with a source beside it uv says only that no wheel is usable")
    error = refuse(index, line, platform("arm64"))
    assert error.message.startswith("demo 1.0 has no wheel for aarch64")
    assert error.details == ("it has wheels for: x86_64-manylinux_2_40 (Python 3.14)",)


def test_says_that_there_is_no_network(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_NO_INDEX")
    monkeypatch.setenv("UV_OFFLINE", "1")
    error = refuse(index, f"demo==1.0 --hash=sha256:{'0' * 64}\n", platform())
    assert error.message.endswith("the package index does not answer")
    assert error.hint == "connect once: later builds take it from the cache"


@pytest.fixture
def broken_index(index: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(403)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.delenv("UV_NO_INDEX")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("broken_index")
def test_says_what_the_index_answered(index: Path) -> None:
    error = refuse(index, f"demo==1.0 --hash=sha256:{'0' * 64}\n", platform())
    assert any("403" in detail for detail in error.details), error.details


def test_says_that_the_disk_is_full() -> None:
    said = "error: Failed to install: demo\n  Caused by: No space left on device (os error 28)"
    error = installer.refusal("a package", platform(), Done(2, said))
    assert "the disk of" in error.message
    assert error.message.endswith("is full")
    assert "PACKAGER_CACHE_DIR" in (error.hint or "")


def test_a_network_with_certificates_of_its_own_is_told_how_they_are_trusted() -> None:
    said = (
        "error: Failed to fetch: https://index/simple/demo/\n  cause: client error (Connect)\n"
        "  cause: invalid peer certificate: UnknownIssuer"
    )
    error = installer.refusal("a package", platform(), Done(2, said))
    assert "could not be fetched" in error.message
    assert "UV_SYSTEM_CERTS" in (error.hint or "")


def test_unknown_words_of_uv_are_passed_on() -> None:
    error = installer.refusal("a package", platform(), Done(2, "error: something new\n\n  cause: that\n"))
    assert error.message == "a package could not be fetched for x86_64 with glibc 2.34 and Python 3.13"
    assert error.details == ("error: something new", "cause: that")
