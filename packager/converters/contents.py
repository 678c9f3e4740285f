"""What a model file says of itself before anything of it is opened: who wrote it, and what it asks for.

The front chooses the worker's environment by it, so this runs on the standard library and numpy alone.
"""

import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packager.converters.detection import Detected, detect
from packager.converters.failure import SourceError

if TYPE_CHECKING:
    from packager.converters.pickles.rehearsal import Contents as Pickled

_KERAS_VERSION = re.compile(rb"keras_version.{0,256}?(\d+\.\d+\.\d+)", re.DOTALL)
# Keras 3 writes it as a text of any length, which HDF5 keeps apart from its name: a size, the text.
_APART = re.compile(rb"\0{4}[\5-\x20]\0{7}(\d+\.\d+\.\d+)[\w.+-]{0,20}\0")
_LARGEST_METADATA = 1 << 20


@dataclass(frozen=True, slots=True)
class Contents:
    """``versions``: of the distributions that wrote the file; ``modules``: those that it asks for."""

    framework: str
    form: str
    versions: dict[str, str]
    modules: tuple[str, ...] = ()


def describe(path: Path, allowed: frozenset[str] = frozenset()) -> Contents:
    """Raises the same refusals as the converter would, where a walk through the file finds them.

    So no environment is fetched for a file that none would open.
    """
    detected = detect(path)
    if detected.form == "pickle":
        return _pickle(path, detected, allowed)
    if detected.form == "skops":
        return _skops(path, detected, allowed)
    version = _keras_version(path, detected)
    return Contents(detected.framework, detected.form, {"keras": version} if version else {})


def _pickle(path: Path, detected: Detected, allowed: frozenset[str]) -> Contents:
    from packager.converters.pickles.unpickler import read_contents

    return _named(detected, read_contents(path), allowed)


def _skops(path: Path, detected: Detected, allowed: frozenset[str]) -> Contents:
    from packager.converters.sklearn.skops_file import read_skops_contents

    return _named(detected, read_skops_contents(path), allowed)


def _named(detected: Detected, found: "Pickled", allowed: frozenset[str]) -> Contents:
    from packager.converters.pickles.allowlist import outsiders
    from packager.converters.pickles.unpickler import unsafe

    refused = outsiders(found.names, allowed)
    if refused:
        raise unsafe(refused)
    modules = tuple(sorted({module.partition(".")[0] for module, _ in found.names}))
    versions = {"scikit-learn": found.sklearn_version} if found.sklearn_version else {}
    return Contents(detected.framework, detected.form, versions, modules)


def _keras_version(path: Path, detected: Detected) -> str | None:
    if detected.form == "keras_zip":
        return _version_in_zip(path)
    if detected.form == "keras_hdf5":
        with path.open("rb") as file:  # an attribute of the root group stands near either end
            head = file.read(_LARGEST_METADATA)
            file.seek(max(0, path.stat().st_size - _LARGEST_METADATA))
            tail = file.read()
        found = next(
            (m for kind in (_KERAS_VERSION, _APART) for part in (head, tail) if (m := kind.search(part))),
            None,
        )
        return found[1].decode() if found else None
    return None


def _version_in_zip(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("metadata.json").file_size > _LARGEST_METADATA:
                raise SourceError(f"{path.name} has a metadata.json of more than a megabyte")
            version = json.loads(archive.read("metadata.json"))["keras_version"]
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile, EOFError, NotImplementedError):
        return None
    return version if isinstance(version, str) and re.fullmatch(r"\d+\.\d+\.\d+[\w.+-]*", version) else None
