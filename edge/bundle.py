"""A bundle on the device's disk: its manifest, whether every file is as it says, which machine it is for."""

from __future__ import annotations

import os
from stat import S_ISREG

from edge.digests import Piece, find_wrong, pieces_of
from edge.machine import find_arch
from runtimes.core.errors import ModelError
from runtimes.core.manifest import Manifest, read_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_INFINITY = float("inf")
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

    def verify(self, everything: bool = False) -> None:
        """Refuse a bundle with a file missing or changed, or whose model is not among the files listed.

        What runs is verified: model, engine, code; with ``everything`` also what is for updates and people.
        """
        for name in self._used():
            if name not in self.files:
                raise ModelError(
                    f"the manifest in {self.root} does not list {name}, so it cannot be verified"
                )
        used = frozenset(self._used())
        names = [name for name in self.files if everything or name in used or _runs(name)]
        wrong = find_wrong([piece for name in names for piece in self._pieces(name)])
        if wrong is not None:
            raise self._not_whole(wrong)

    def _pieces(self, name: str) -> list[Piece]:
        digests, size_bytes = self.files[name]
        path = self.manifest.path(name)
        try:
            found = os.stat(path)
        except (OSError, ValueError) as error:
            reason = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
            raise self._not_whole(f"{name} {reason}") from None
        if not S_ISREG(found.st_mode):
            raise self._not_whole(f"{name} is no file")
        if found.st_size != size_bytes:
            raise self._not_whole(f"{name} has {found.st_size} bytes, not {size_bytes}")
        pieces = pieces_of(name, path, size_bytes, digests)
        if not pieces:
            raise ModelError(f"the manifest in {self.root} lists {name} with {len(digests)} digests")
        return pieces

    def _not_whole(self, wrong: str) -> ModelError:
        return ModelError(f"the bundle in {self.root} is not whole: {wrong}; {_TO_DO}")

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


def _entry(name: str, entry: object) -> tuple[list[str], int]:
    digests = entry.get("blake2b") if isinstance(entry, dict) else None
    size_bytes = entry.get("size_bytes") if isinstance(entry, dict) else None
    if not isinstance(digests, list) or not isinstance(size_bytes, int):
        raise ModelError(f"the manifest lists {name} without its blake2b or size_bytes")
    return digests, size_bytes


def _runs(name: str) -> bool:
    """Whether a file is code that answers requests: of `edge/` what lies in none of its folders."""
    return name.startswith("runtimes/") or (name.startswith("edge/") and name.count("/") == 1)


def _bounds(name: str, entry: object) -> tuple[float, float]:
    found = [entry.get(key) if isinstance(entry, dict) else None for key in ("absolute", "relative")]
    numbers = [bound for bound in found if isinstance(bound, (int, float)) and 0 <= bound < _INFINITY]
    if len(numbers) != len(found):
        raise ModelError(f"the manifest's tolerance of {name} is not two numbers, absolute and relative")
    return float(numbers[0]), float(numbers[1])
