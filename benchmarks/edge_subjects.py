"""What is compared at the edge: bundles as they ship, and the usual packages with the same model."""

import json
import os
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.edge_programs import program
from packager import cache
from packager.errors import ToolError
from packager.layout import files_in
from packager.tools import Progress
from packager.uv_program import run as uv
from tests.devices import confined, roots
from tests.devices.bundles import made
from tests.devices.confined import Mount
from tests.devices.roots import Root

Arch = Literal["x86_64", "arm64"]
PACKAGES = {"onnxruntime": "onnxruntime", "litert": "ai-edge-litert"}
"""By engine, what is installed for it the usual way; numpy comes with it."""
_PROFILE = """\
title = "The root file system of these measurements: Debian 12"
kind = "linux"
arch = "{arch}"
libc = "glibc"
libc_version = "2.36"
libstdcxx = "3.4.30"
python = "3.11"
cores = 4
memory_mb = 256
flash_mb = 200
"""
_MACHINE = {"x86_64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Subject:
    """A program with the folder that it needs on the device."""

    name: str
    folder: Path
    program: str

    @property
    def size_bytes(self) -> int:
        """All files that were laid down for it."""
        return sum(file.size_bytes for file in files_in(self.folder))


@dataclass(frozen=True, slots=True)
class Models:
    """A forest and a small net over hand-written digits, with rows of their kind."""

    forest: Path
    net: Path
    rows: Path
    row: tuple[float, ...]


def learn(folder: Path) -> Models:
    """Train both."""
    import joblib
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neural_network import MLPClassifier

    images, digits = load_digits(return_X_y=True)
    images = images.astype(np.float32)
    found = Models(
        folder / "forest.joblib", folder / "net.joblib", folder / "rows.npy", tuple(images[0].tolist())
    )
    joblib.dump(RandomForestClassifier(30, max_depth=8, random_state=0).fit(images, digits), found.forest)
    joblib.dump(MLPClassifier((32,), tol=1e-2, random_state=0).fit(images, digits), found.net)
    np.save(found.rows, images[:200])
    return found


def subjects(arch: Arch, models: Models, work: Path, say: Progress) -> dict[str, Subject]:
    """By name: Python alone, our three bundles, and the two usual ways."""
    profile = work / f"debian-12-{arch.replace('_', '-')}.toml"
    profile.write_text(_PROFILE.format(arch=arch), encoding="ascii")
    asked = {
        "tiny": (models.forest, "onnx"),
        "onnxruntime": (models.net, "onnx"),
        "litert": (models.net, "tflite"),
    }
    bundles = {}
    for engine, (model, format) in asked.items():
        say(f"building for {arch} and {engine}")
        options = ("--samples", str(models.rows), "--engine", engine, "--format", format, "--name", engine)
        bundles[engine] = made(model, str(profile), work, *options) / "bundle"
    found = {"python": Subject("python", bundles["tiny"], program("bare", (), ""))}
    for engine, bundle in bundles.items():
        found[engine] = Subject(engine, bundle, program("ours", models.row, ""))
    for engine in PACKAGES:
        folder = _usual_folder(engine, arch, bundles[engine], work / f"usual-{engine}-{arch}", say)
        text = program(engine, models.row, _input_dtype(bundles[engine]))
        found[f"usual {engine}"] = Subject(f"usual {engine}", folder, text)
    return found


def versions() -> list[str]:
    """What is installed the usual way."""
    return [f"{package} {version(package)}" for package in ("numpy", *PACKAGES.values())]


def _usual_folder(engine: str, arch: Arch, bundle: Path, dest: Path, say: Progress) -> Path:
    """The packages as pip lays them down, byte-code and all, with the same model beside them."""
    package = PACKAGES[engine]
    names = [f"{name}=={version(name)}" for name in ("numpy", package)]
    key = f"edge-usual-{'-'.join(names).replace('==', '-')}-{arch}"
    shutil.copytree(
        cache.entry(key, lambda folder: _install(names, arch, folder, say)), dest, copy_function=os.link
    )
    (model,) = (bundle / "model").glob("model.*")
    shutil.copy(model, dest / model.name)
    return dest


def _install(names: list[str], arch: Arch, dest: Path, say: Progress) -> None:
    options = ("--target", str(dest), "--python-version", "3.11", "--only-binary", ":all:")
    platform = ("--python-platform", f"{_MACHINE[arch]}-manylinux_2_36")
    done = uv(["pip", "install", "--quiet", *options, *platform, *names], say)
    if done.returncode:
        raise ToolError(f"{', '.join(names)} cannot be fetched for {arch}", details=done.last())
    compile_all = ("python3", "-m", "compileall", "-q", "-s", "/room", "-p", "/bundle", "/room")
    native: Root = roots.make("x86_64")  # byte-code is the same on every processor
    confined.run(
        native, compile_all, mounts=(Mount(confined.hand_over(dest), "/room", writable=True),), timeout_s=300
    )


def _input_dtype(bundle: Path) -> str:
    (given,) = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["signature"]["inputs"]
    return str(given["dtype"])
