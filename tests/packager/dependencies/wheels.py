"""Makes small wheels in a folder that serves as the package index, so that no network is needed."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest


def wheel(folder: Path, name: str, version: str, tag: str, files: Mapping[str, str]) -> str:
    """Write NAME-VERSION-TAG.whl; returns its line for a lock."""
    path = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    about = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    contents = {**files, **about}
    record = "".join(f"{dest},,\n" for dest in (*contents, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for dest, text in {**contents, f"{info}/RECORD": record}.items():
            archive.writestr(dest, text)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def serve(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let uv see this folder and nothing else, with a cache of its own."""
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(folder / "uv-cache"))
    monkeypatch.setenv("PACKAGER_CACHE_DIR", str(folder / "packager-cache"))
