"""Whose a file is, and of what kind: by what pip recorded, else by the first part of its path."""

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

Kind = Literal["library", "byte-code", "source", "model", "metadata", "data", "tests", "other"]

_LIBRARY = re.compile(r"\.(so(\.[\w.]+)?|dylib|dll|pyd)$")
_INFO = re.compile(r"^([\w.]+?)-[^/]+\.(dist-info|egg-info|data)$")
_ENDINGS: dict[Kind, tuple[str, ...]] = {
    "byte-code": (".pyc", ".pyo"),
    "source": (".py",),
    "model": (
        ".onnx", ".ort", ".tflite", ".pt", ".pth", ".pt2", ".joblib", ".pkl", ".pickle", ".skops", ".keras",
        ".h5", ".hdf5", ".safetensors", ".gguf", ".ubj", ".pb", ".tiny",
    ),
    "data": (
        ".json", ".csv", ".npz", ".npy", ".txt", ".html", ".js", ".css", ".svg", ".png", ".mo", ".dat",
        ".xml", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".gz", ".bin", ".parquet", ".arff", ".db",
    ),
}  # fmt: skip


def kind_of(path: str) -> Kind:
    """The kind of a file, by its path."""
    parts = path.split("/")
    if "tests" in parts[:-1] or "test" in parts[:-1]:
        return "tests"
    if any(part.endswith((".dist-info", ".egg-info")) for part in parts[:-1]):
        return "metadata"
    if _LIBRARY.search(parts[-1]):
        return "library"
    return next((kind for kind, endings in _ENDINGS.items() if parts[-1].lower().endswith(endings)), "other")


def owners(code: Path, names: Iterable[str]) -> dict[str, str]:
    """The package of each file below ``code``."""
    names = list(names)
    recorded = _recorded(code, names)
    tops = {**_named(names), **_tops(recorded)}
    return {name: _owner(name, recorded, tops) for name in names}


def _owner(name: str, recorded: Mapping[str, str], tops: Mapping[str, str]) -> str:
    top = name.split("/", maxsplit=1)[0]
    if top in ("lib", "model") and kind_of(name) in ("library", "model"):
        return name  # of packager's own functions: what is large in them
    return recorded.get(name) or recorded.get(_source_of(name)) or tops.get(top) or top


def _named(names: Iterable[str]) -> dict[str, str]:
    """The package of each top-level name that is called as some metadata is, and of the metadata itself."""
    tops = {name.split("/", maxsplit=1)[0] for name in names}
    known = {top: _plain(info[1]) for top in tops if (info := _INFO.match(top))}
    packages = set(known.values())
    stems = {top: _plain(top.removesuffix(".libs").partition(".")[0]) for top in tops - known.keys()}
    return {**known, **{top: stem for top, stem in stems.items() if stem in packages}}


def _recorded(code: Path, names: Iterable[str]) -> dict[str, str]:
    """What each `RECORD` lists, by path."""
    found: dict[str, str] = {}
    for name in names:
        folder = PurePosixPath(name).parent.as_posix()
        info = _INFO.match(folder)
        if info and name.endswith(".dist-info/RECORD"):
            text = (code / name).read_text(encoding="utf-8", errors="replace")
            found |= {row[0]: _plain(info[1]) for row in csv.reader(text.splitlines()) if row}
    return found


def _tops(recorded: Mapping[str, str]) -> dict[str, str]:
    """The package of each top-level name that one package alone has."""
    found: dict[str, set[str]] = {}
    for name, package in recorded.items():
        found.setdefault(name.split("/")[0], set()).add(package)
    return {top: next(iter(packages)) for top, packages in found.items() if len(packages) == 1}


def _source_of(name: str) -> str:
    """The source of a byte-code file, in both of its places."""
    path = PurePosixPath(name)
    if path.suffix != ".pyc":
        return name
    if path.parent.name == "__pycache__":
        return (path.parent.parent / f"{path.name.split('.')[0]}.py").as_posix()
    return path.with_suffix(".py").as_posix()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
