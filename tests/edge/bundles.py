"""Makes edge bundles for tests by hand, as `docs/contracts.md` describes them, of this checkout's code."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from packager.converters.tiny.graph import lower
from packager.targets.edge import digests
from tests.artifacts import ENGINES, engine_library, manifest_document
from tests.runtimes.core.engines.tiny.running import signature_of

REPOSITORY = Path(__file__).parents[2]
Document = dict[str, Any]

ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
DEVICE = {
    "name": "here", "arch": ARCH, "libc": "glibc", "libc_version": "2.36", "libstdcxx": "3.4.30",
    "python": "3.11", "cores": 4, "memory_mb": 256, "flash_mb": 200,
}  # fmt: skip
TOLERANCE = {"absolute": 1e-5, "relative": 1e-4}


def make_bundle(
    path: Path,
    model: bytes,
    signature: Document,
    rows: list[dict[str, Any]],
    *,
    engine: str = "tiny",
    **changes: object,
) -> Path:
    """A whole bundle of an ONNX model; ``rows``: inputs of the golden cases, which ONNX Runtime answers."""
    lay_code(path)
    (path / "model").mkdir()
    file = "model.tiny" if engine == "tiny" else "model.onnx"
    loaded = onnx.load_from_string(model)
    stored = lower(loaded, signature_of(loaded)).data if engine == "tiny" else model
    (path / "model" / file).write_bytes(stored)
    document = {**manifest_document(stored, signature, file="model.onnx"), "device": DEVICE}
    document["model"] = {**document["model"], "path": f"model/{file}", "format": file.rpartition(".")[2]}
    if engine == "tiny":
        document["engine"] = {"kind": "tiny", "version": "1", "intra_op_threads": 1}
    else:
        (path / "lib").mkdir()
        os.link(_copy_of_library(path.parent), path / ENGINES["onnx"][2])
    floats = [spec["name"] for spec in signature["outputs"] if spec["dtype"].startswith("float")]
    document["tolerance"] = dict.fromkeys(floats, TOLERANCE)
    golden = {"schema_version": 1, "cases": [golden_case(model, inputs) for inputs in rows]}
    (path / "golden.json").write_text(json.dumps(golden), encoding="utf-8")
    return seal(path, {**document, **changes})


def lay_code(path: Path) -> None:
    """The code that ships, as it lies in this checkout."""
    ignored = shutil.ignore_patterns("__pycache__", "devices")
    for part in ("edge", "runtimes/core"):
        shutil.copytree(REPOSITORY / part, path / part, ignore=ignored)
    shutil.copy(REPOSITORY / "runtimes" / "__init__.py", path / "runtimes" / "__init__.py")


def seal(path: Path, document: Document | None = None) -> Path:
    """Write the manifest (or the one that is there) with every file's digest as it is now."""
    document = document or json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and file.name != "manifest.json" and "__pycache__" not in file.parts
    )
    document["files"] = {
        file.relative_to(path).as_posix(): digests.entry_of(file.read_bytes()) for file in files
    }
    (path / "manifest.json").write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
    return path


def change_manifest(path: Path, change: Callable[[Document], object]) -> None:
    """Change the manifest of a bundle and leave all else as it is."""
    place = path / "manifest.json"
    document = json.loads(place.read_text(encoding="utf-8"))
    change(document)
    place.write_text(json.dumps(document), encoding="utf-8")


def change_golden(path: Path, change: Callable[[Document], object]) -> None:
    """Change the golden cases, with their digest."""
    place = path / "golden.json"
    document = json.loads(place.read_text(encoding="utf-8"))
    change(document)
    place.write_text(json.dumps(document), encoding="utf-8")
    seal(path)


def golden_case(model: bytes, inputs: dict[str, Any]) -> Document:
    """Inputs with ONNX Runtime's answers."""
    from onnxruntime import InferenceSession

    session = InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(names, inputs), strict=True))
    return {side: {name: tensor(array) for name, array in found.items()}
            for side, found in (("inputs", inputs), ("outputs", answers))}  # fmt: skip


def tensor(array: Any) -> Document:
    """An array as the contract writes tensors."""
    import base64

    array = np.asarray(array)
    if array.dtype.kind in "OU":
        return {
            "dtype": "string",
            "shape": list(array.shape),
            "data": [str(item) for item in array.reshape(-1)],
        }
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "b64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
    }


def _copy_of_library(folder: Path) -> Path:
    """One copy for all bundles in a folder: 30 MB each would be much."""
    copy = folder / "libonnxruntime.so.1"
    if not copy.exists():
        shutil.copy(engine_library(), copy)
    return copy
