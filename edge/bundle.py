"""A bundle on the device's disk: its manifest, whether every file is as it says, which machine it is for."""

from __future__ import annotations

import os
from stat import S_ISREG

from edge.machine import find_arch
from runtimes.core.errors import ModelError
from runtimes.core.manifest import Manifest, read_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PIECE_BYTES = 1 << 18
_INFINITY = float("inf")
_LARGE_BYTES = 4 << 20
_TO_DO = "copy the bundle once more, or update it"


class Bundle:
    """The manifest of a bundle. ``root`` is its real folder: links may be switched meanwhile."""

    __slots__ = ("device", "document", "files", "manifest", "root")

    def __init__(self, path: str) -> None:
        self.root = os.path.realpath(path)
        self.document = read_document(self.root)
        self.manifest = Manifest(self.document, self.root)
        self.device = _object(self.document, "device", self.root)
        self.files = {
            name: _entry(name, entry) for name, entry in _object(self.document, "files", self.root).items()
        }

    def check_machine(self) -> None:
        """Refuse a machine of another architecture than the one that the bundle was built for."""
        arch, here = self.device.get("arch"), find_arch()
        if arch != here:
            message = f"this bundle of {self.manifest.name} is for {self.device.get('name')} ({arch})"
            raise ModelError(f"{message}, and this machine is {here}: build one for it with --device")

    def verify(self) -> None:
        """Refuse a bundle with a file missing or changed, or whose model is not among the files listed."""
        for name in self._used():
            if name not in self.files:
                raise ModelError(
                    f"the manifest in {self.root} does not list {name}, so it cannot be verified"
                )
        digest = _find_sha256(sum([size for _, size in self.files.values()]))
        buffer = memoryview(bytearray(_PIECE_BYTES))
        for name, (sha256, size_bytes) in self.files.items():
            path = self.manifest.path(name)
            found = _size_of(path, name, self.root)
            if found != size_bytes:
                wrong = f"{name} has {found} bytes, not {size_bytes}"
            elif _digest_of(path, digest(), buffer) != sha256:
                wrong = f"{name} has changed (its SHA-256 is another)"
            else:
                continue
            raise ModelError(f"the bundle in {self.root} is not whole: {wrong}; {_TO_DO}")

    def tolerance(self) -> dict[str, tuple[float, float]]:
        """How far each floating point output may be from the source model's answers: absolute, relative."""
        entries = self.document.get("tolerance")
        if not isinstance(entries, dict):
            raise ModelError(f"the manifest in {self.root} has no tolerance, so nothing can be proved")
        return {name: _bounds(name, entry) for name, entry in entries.items()}

    def memory_budget_bytes(self) -> int | None:
        """What the model's process may take on the device that this was built for."""
        memory_mb = self.device.get("memory_mb")
        return memory_mb << 20 if isinstance(memory_mb, int) else None

    def _used(self) -> list[str]:
        """The files that opening the model reads."""
        names = [self.manifest.model.path, self.manifest.engine.library, _weights_of(self.document)]
        return [name for name in names if name]

    def sizes(self) -> dict[str, int]:
        """Bytes on disk: of all files that the manifest lists, and of the model and the engine among them."""
        weights = _weights_of(self.document)
        model = [self.files[name][1] for name in (self.manifest.model.path, weights) if name in self.files]
        library = self.files.get(self.manifest.engine.library)
        return {
            "bundle_bytes": sum([size for _, size in self.files.values()]),
            "model_bytes": sum(model),
            "engine_bytes": library[1] if library else 0,
        }


def _weights_of(document: dict[str, Any]) -> str:
    weights = document["model"].get("weights")
    path = weights.get("path") if isinstance(weights, dict) else ""
    return path if isinstance(path, str) else ""


def _object(document: dict[str, object], key: str, root: str) -> dict[str, Any]:
    value = document.get(key)
    if not isinstance(value, dict) or not value:
        raise ModelError(f"{root} is no edge bundle: its manifest has no {key!r}")
    return value


def _entry(name: str, entry: object) -> tuple[str, int]:
    sha256 = entry.get("sha256") if isinstance(entry, dict) else None
    size_bytes = entry.get("size_bytes") if isinstance(entry, dict) else None
    if not isinstance(sha256, str) or not isinstance(size_bytes, int):
        raise ModelError(f"the manifest lists {name} without its sha256 or size_bytes")
    return sha256, size_bytes


def _bounds(name: str, entry: object) -> tuple[float, float]:
    found = [entry.get(key) if isinstance(entry, dict) else None for key in ("absolute", "relative")]
    numbers = [bound for bound in found if isinstance(bound, (int, float)) and 0 <= bound < _INFINITY]
    if len(numbers) != len(found):
        raise ModelError(f"the manifest's tolerance of {name} is not two numbers, absolute and relative")
    return float(numbers[0]), float(numbers[1])


def _size_of(path: str, name: str, root: str) -> int:
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        raise ModelError(f"the bundle in {root} is not whole: {name} {reason}; {_TO_DO}") from None
    if not S_ISREG(found.st_mode):
        raise ModelError(f"the bundle in {root} is not whole: {name} is no file; {_TO_DO}")
    return found.st_size


def _digest_of(path: str, digest: Any, buffer: memoryview) -> str:
    """Piece by piece into one buffer: memory stays small however large the file is."""
    try:
        with open(path, "rb", buffering=0) as file:
            while True:
                count = file.readinto(buffer)
                if not count:
                    hexadecimal: str = digest.hexdigest()
                    return hexadecimal
                digest.update(buffer[:count])
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror})") from None


def _find_sha256(total_bytes: int) -> Any:
    """``hashlib`` brings OpenSSL: several times the speed, for 4 MB of memory. Large bundles are worth it."""
    if total_bytes < _LARGE_BYTES:
        for module in ("_sha2", "_sha256"):  # of Python 3.12 and newer, and of older ones
            try:
                return __import__(module).sha256
            except ImportError:
                pass
    import hashlib

    return hashlib.sha256
