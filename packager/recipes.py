"""Which environment a worker needs: a recipe of data/environments.toml for each kind of model and format."""

import importlib.util
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

from packager import resources
from packager.errors import SourceError
from packager.model import Format

_OLDEST_SKLEARN = (1, 0)
_BOOSTING = frozenset({"xgboost", "lightgbm"})


@dataclass(frozen=True, slots=True)
class Contents:
    """What a model file says of itself: who wrote it (``versions``), and which ``modules`` it asks for."""

    framework: str
    form: str
    versions: dict[str, str]
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an environment holds. ``requirements`` (of a matched one) are exact where it matters."""

    name: str
    needs: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ("current",)
    lock: str | None = None
    requirements: tuple[str, ...] = ()
    borrows: tuple[str, ...] = ()
    install: str | None = None

    def fits_here(self) -> bool:
        """Whether the current environment can import all that it needs (which is looked up, not imported)."""
        return bool(self.needs) and all(importlib.util.find_spec(module) for module in self.needs)


def choose(contents: Contents, wanted: Format, as_it_is: bool = False) -> Recipe:
    """The recipe for reading and converting such a file; ``as_it_is``: never one that matches a version."""
    written_by = contents.versions.get("scikit-learn")
    if contents.framework == "sklearn" and written_by and not as_it_is and _minor(written_by) != _installed():
        return _matched(written_by, contents.modules)
    return recipe(_name(contents, wanted))


def recipe(name: str) -> Recipe:
    """A recipe by name; one that can only be had by the user's installing gives way to its `otherwise`."""
    row: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in _table()[name].items()
    }
    otherwise: str | None = row.pop("otherwise", None)
    made = Recipe(name, **row)
    return recipe(otherwise) if otherwise and not made.fits_here() else made


def _name(contents: Contents, wanted: Format) -> str:
    framework = contents.framework
    if framework == "keras":
        if contents.form == "keras_hdf5" and not contents.versions.get("keras", "").startswith("3."):
            return "tensorflow"
        return "keras_tflite" if wanted == "tflite" else "keras"
    if framework == "sklearn":
        return "boosting" if _BOOSTING.intersection(contents.modules) else "sklearn"
    if framework in _BOOSTING:
        return "boosting"
    return "torch_tflite" if framework == "torch" and wanted == "tflite" else framework


def _matched(version: str, modules: tuple[str, ...]) -> Recipe:
    """Of the version that pickled the model: only that is sure to read it as it was meant."""
    if _numbers(version) < _OLDEST_SKLEARN:
        raise SourceError(
            f"the model was written by scikit-learn {version}; 1.0 is the oldest that can be read",
            "load it where it was made, and save it with scikit-learn 1.0 or newer",
        )
    row = _table()["sklearn_matched"]
    wanted = [line.format(version=version) for line in row["requirements"]]
    for also in row["also"]:
        if _numbers(version) < _numbers(also["before"]):
            wanted += also["requirements"]
    wanted += [{"xgboost": "xgboost-cpu"}.get(name, name) for name in sorted(_BOOSTING.intersection(modules))]
    if _BOOSTING.intersection(modules):
        wanted.append("onnxmltools")
    return Recipe(f"sklearn-{version}", pythons=tuple(row["pythons"]), requirements=tuple(wanted))


def _installed() -> tuple[int, ...] | None:
    try:
        return _minor(metadata.version("scikit-learn"))
    except metadata.PackageNotFoundError:
        return None


def _minor(version: str) -> tuple[int, ...]:
    return _numbers(version)[:2]


def _numbers(version: str) -> tuple[int, ...]:
    """(1, 4, 2) of "1.4.2"; what follows the numbers ("1.8.dev0", "1.8rc1") does not count."""
    found = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        found.append(int(digits))
    return tuple(found)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.DATA / "environments.toml").read_text(encoding="utf-8"))
