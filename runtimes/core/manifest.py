"""Reads ``manifest.json``: the whole contract between the builder and this runtime."""

from __future__ import annotations

import os

from runtimes.core import json_text
from runtimes.core.errors import ModelError
from runtimes.core.signature import Signature, read_signature

SCHEMA_VERSION = 1


class ModelEntry:
    """The model file: its path is relative to the artifact's root."""

    __slots__ = ("format", "opset", "path", "sha256", "size_bytes")

    def __init__(self, document: dict[str, object]) -> None:
        self.path = _text(document, "path", "model")
        self.format = _text(document, "format", "model")
        self.sha256 = _text(document, "sha256", "model")
        self.size_bytes = _count(document, "size_bytes", "model")
        self.opset = document.get("opset")


class EngineEntry:
    """How the model is executed. ``options`` holds the whole entry, for what only one engine knows."""

    __slots__ = ("intra_op_threads", "kind", "library", "options", "version")

    def __init__(self, document: dict[str, object]) -> None:
        self.kind = _text(document, "kind", "engine")
        self.version = str(document.get("version", ""))
        self.library = str(document.get("library", ""))
        threads = document.get("intra_op_threads", 1)
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise ModelError(f"the manifest's engine.intra_op_threads is {threads!r}; it must be 1 or more")
        self.intra_op_threads = max(threads, _processors(document.get("thread_per")))
        self.options = document


class Limits:
    """What one request may hold."""

    __slots__ = ("max_body_bytes", "max_rows")

    def __init__(self, document: dict[str, object]) -> None:
        self.max_body_bytes = _count(document, "max_body_bytes", "limits")
        self.max_rows = _count(document, "max_rows", "limits")

    def document(self) -> dict[str, object]:
        """The limits as JSON."""
        return {"max_body_bytes": self.max_body_bytes, "max_rows": self.max_rows}


class Manifest:
    """The manifest of one artifact and the root that it was read from."""

    __slots__ = (
        "engine",
        "library_elsewhere",
        "limits",
        "model",
        "name",
        "packager_version",
        "root",
        "signature",
        "source",
        "version",
    )

    def __init__(self, document: dict[str, object], root: str) -> None:
        self.root = root
        self.library_elsewhere = ""
        self.name = _text(document, "name", "")
        self.version = _text(document, "version", "")
        self.packager_version = str(document.get("packager_version", ""))
        self.model = ModelEntry(_object(document, "model"))
        self.engine = EngineEntry(_object(document, "engine"))
        self.source = _object(document, "source")
        self.limits = Limits(_object(document, "limits"))
        self.signature: Signature = read_signature(_object(document, "signature"))

    def library(self) -> str:
        """Where the engine's library is: in the artifact, unless another one stands in for it."""
        return self.library_elsewhere or self.path(self.engine.library)

    def path(self, relative: str) -> str:
        """An absolute path of a file that the manifest names; it may not leave the root."""
        parts = relative.split("/")
        if os.path.isabs(relative) or ".." in parts or not relative:
            raise ModelError(f"the manifest names the path {relative!r}, which is not inside the artifact")
        return os.path.join(self.root, *parts)


def find_root() -> str:
    """The artifact's root: ``MODEL_ROOT``, else the folder that holds ``runtimes/``."""
    named = os.environ.get("MODEL_ROOT")
    if named:
        return os.path.abspath(named)
    core = os.path.dirname(os.path.abspath(__file__))
    return os.path.dirname(os.path.dirname(core))


def read_manifest(root: str) -> Manifest:
    """Read and check the manifest in ``root``. ``ENGINE_LIBRARY`` names a library in place of its own."""
    manifest = Manifest(read_document(root), root)
    manifest.library_elsewhere = os.environ.get("ENGINE_LIBRARY", "")
    return manifest


def read_document(root: str) -> dict[str, object]:
    """The manifest in ``root`` as it stands there, when it is one that this runtime reads."""
    path = os.path.join(root, "manifest.json")
    try:
        with open(path, encoding="utf-8") as file:
            document = json_text.read(file.read())
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"no artifact in {root}: manifest.json cannot be read ({reason})") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ModelError(f"{path} is not an object")
    found = document.get("schema_version")
    if found != SCHEMA_VERSION or isinstance(found, bool):
        message = f"{path} has schema_version {found!r}; this runtime reads {SCHEMA_VERSION}"
        raise ModelError(f"{message}: build the artifact with the packager that this runtime came from")
    return document


def _processors(thread_per: object) -> int:
    """How many processors the platform says there are: an environment variable, and how much of it is one."""
    count = 0
    if isinstance(thread_per, dict):
        for variable, amount in thread_per.items():
            said = os.environ.get(variable, "")
            if isinstance(amount, int) and amount > 0 and said.isdecimal():
                count = int(said) // amount
    return count


def _object(document: dict[str, object], key: str) -> dict[str, object]:
    value = document.get(key)
    if not isinstance(value, dict):
        raise ModelError(f"the manifest has no object {key!r}")
    return value


def _text(document: dict[str, object], key: str, where: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise ModelError(f"the manifest has no text {'.'.join(filter(None, (where, key)))!r}")
    return value


def _count(document: dict[str, object], key: str, where: str) -> int:
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ModelError(f"the manifest's {where}.{key} is {value!r}; it must be a whole number")
    return value
