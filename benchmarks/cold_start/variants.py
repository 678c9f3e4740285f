"""What is compared: our artifact, the usual way, and a hello world, each a folder that Lambda would get."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import uv

from packager.bundle.archive import pack
from packager.layout import IncludedFile

HERE = Path(__file__).parent
NAIVE_PACKAGES = ("fastapi", "mangum", "onnxruntime", "numpy")


@dataclass(frozen=True, slots=True)
class Variant:
    """One function folder with its handler, and the size of its zip (deflate 9, as ours)."""

    name: str
    folder: Path
    handler: str
    zip_bytes: int
    unzipped_bytes: int


def ours(work: Path) -> Variant:
    """Train an iris forest, and let `packager build` do the rest."""
    import joblib
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    data, target = load_iris(return_X_y=True)
    joblib.dump(RandomForestClassifier(100, random_state=0).fit(data, target), work / "iris.joblib")
    command = [sys.executable, "-m", "packager", "build", "iris.joblib", "-o", "json"]
    done = subprocess.run(command, cwd=work, check=True, stdout=subprocess.PIPE, text=True)
    artifact = json.loads(done.stdout)["artifacts"][0]
    return Variant(
        "packager",
        work / artifact["path"] / "function",
        "runtimes.aws_lambda.handler.handler",
        artifact["size_bytes"],
        artifact["unzipped_bytes"],
    )


def naive(work: Path, model: Path, python: Path) -> Variant:
    """FastAPI + Mangum + onnxruntime as pip installs them, byte-code present, with the very same model."""
    folder = work / "naive"
    install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", str(python), "--compile-bytecode"]
    subprocess.run([*install, "--target", str(folder), *NAIVE_PACKAGES], check=True)
    shutil.copyfile(model, folder / "model.onnx")
    shutil.copyfile(HERE / "handlers" / "naive.py", folder / "naive.py")
    return _variant("naive", folder, "naive.handler", work)


def hello(work: Path) -> Variant:
    """A handler that does nothing."""
    folder = work / "hello"
    folder.mkdir()
    shutil.copyfile(HERE / "handlers" / "hello.py", folder / "hello.py")
    return _variant("hello world", folder, "hello.handler", work)


def _variant(name: str, folder: Path, handler: str, work: Path) -> Variant:
    files = [
        IncludedFile(path.relative_to(folder).as_posix(), path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    archive = work / f"{folder.name}.zip"
    pack("zip", files, archive)
    return Variant(name, folder, handler, archive.stat().st_size, sum(file.size_bytes for file in files))
