"""The wheel: it installs clean into an empty environment and builds the same bytes as the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv

from tests.main_job import sources
from tests.main_job.commands import packager

ROOT = Path(__file__).parent.parent
FRAMEWORK = (
    "scikit-learn",
    "skl2onnx",
    "onnx",
    "onnxruntime",
    "protobuf",
    "skops",
    "pandas",
    "numpy",
    "joblib",
)


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout without a network."""
    dest = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", dest, cwd=ROOT)
    (found,) = dest.glob("packager-*.whl")
    return found


def test_it_holds_what_ships_and_leaves_nothing_else_importable(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"packager"}
    for wanted in (
        "templates/aws_lambda/template.yaml.j2",
        "runtimes/aws_lambda/handler.py",
        "runtimes/batch/__main__.py",
        "edge/__init__.py",
    ):
        assert f"packager/_bundled/{wanted}" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_it_holds_every_file_that_commands_read_at_run_time(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    places = {
        "packager/data": "packager/data",
        "templates": "packager/_bundled/templates",
        "edge/devices": "packager/_bundled/edge/devices",
    }
    for source, dest in places.items():
        files = [path for path in (ROOT / source).rglob("*") if path.is_file()]
        assert files
        assert {f"{dest}/{path.relative_to(ROOT / source).as_posix()}" for path in files} <= names


@pytest.mark.network
def test_it_installs_clean_and_builds_the_same_bytes_as_the_checkout(wheel: Path, tmp_path: Path) -> None:
    python = tmp_path / "env" / "bin" / "python"
    binary = uv.find_uv_bin()
    run(binary, "venv", "--quiet", "--python", sys.executable, tmp_path / "env", cwd=tmp_path)
    frozen = run(binary, "pip", "freeze", "--python", sys.executable, cwd=tmp_path).splitlines()
    pins = tmp_path / "pins.txt"
    pins.write_text("\n".join(line for line in frozen if line.partition("==")[0] in FRAMEWORK))
    install = [binary, "pip", "install", "--quiet", "--python", python, "--constraint", pins]
    run(*install, f"packager[sklearn] @ {wheel.as_uri()}", cwd=tmp_path)
    run(binary, "pip", "check", "--python", python, cwd=tmp_path)
    made = sources.forest(tmp_path)
    device = ("--target", "edge", "--device", "raspberry-pi-4")
    targets = ("--target", "lambda", "--target", "batch", *device)
    run(python, "-m", "packager", "build", made.model, *targets, "--output", "installed", cwd=tmp_path)
    done = packager("build", made.model, *targets, "--output", "checkout", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    for target in ("lambda", "batch", "edge"):
        places = [tmp_path / place / "forest" / target for place in ("installed", "checkout")]
        assert (places[0] / "SHA256SUMS").read_text() == (places[1] / "SHA256SUMS").read_text()


def test_its_console_script_answers(wheel: Path) -> None:
    metadata = zipfile.ZipFile(wheel).read(
        next(name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("entry_points.txt"))
    )
    assert b"packager = packager.__main__:main" in metadata
