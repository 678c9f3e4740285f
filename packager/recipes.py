"""Which environment a worker needs: a recipe of data/environments.toml for each kind of model and format."""

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from packager import installed, resources
from packager.errors import SourceError
from packager.model import Format

_SKLEARN = "scikit-learn"
_MATCHED = "sklearn_matched"
_OLDEST_SKLEARN = (1, 0)
_EXACT = re.compile(r"\d+\.\d+(\.\d+)?((a|b|rc)\d+|\.post\d+)?")
"""A version as it may stand in a requirement: the model file says it, so it is anybody's text."""
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
    """What an environment holds. ``requirements`` (of a matched one) are exact where it matters.

    ``size_mb``: what it takes on the disk, where that was measured.
    """

    name: str
    needs: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ("current",)
    lock: str | None = None
    requirements: tuple[str, ...] = ()
    borrows: tuple[str, ...] = ()
    install: str | None = None
    size_mb: int | None = None

    def fits_here(self) -> bool:
        """Whether the current environment can import all that it needs."""
        return bool(self.needs) and not self.missing_here()

    def missing_here(self) -> tuple[str, ...]:
        """What of its needs a worker of the current environment cannot import."""
        return tuple(module for module in self.needs if not installed.has(module))


def choose(contents: Contents, wanted: Format, as_it_is: bool = False) -> Recipe:
    """The recipe for reading and converting such a file; ``as_it_is``: never one that matches a version."""
    chosen = recipe(_name(contents, wanted))
    if contents.form == "skops":
        chosen = replace(chosen, needs=(*chosen.needs, "skops"))
    written_by = contents.versions.get(_SKLEARN)
    if contents.framework != "sklearn" or written_by is None or as_it_is:
        return chosen
    return chosen if _minor(written_by) == _minor(_reader(chosen)) else _matched(written_by, contents)


def _reader(chosen: Recipe) -> str:
    """The version of scikit-learn that this recipe would read with."""
    if chosen.fits_here():
        return installed.version(_SKLEARN) or ""
    lock = (resources.DATA / f"{chosen.lock}.lock").read_text(encoding="utf-8")
    return (
        next(line for line in lock.splitlines() if line.startswith(f"{_SKLEARN}=="))
        .split()[0]
        .partition("==")[2]
    )


def recipe(name: str) -> Recipe:
    """A recipe by name; one that can only be had by the user's installing gives way to its `otherwise`."""
    row: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in _table()[name].items()
    }
    otherwise: str | None = row.pop("otherwise", None)
    made = Recipe(name, **row)
    return recipe(otherwise) if otherwise and not made.fits_here() else made


def standing() -> tuple[Recipe, ...]:
    """All that do not depend on who wrote a model, each once."""
    found = [recipe(name) for name in _table() if name != _MATCHED]
    return tuple({one.name: one for one in found}.values())


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


def _matched(version: str, contents: Contents) -> Recipe:
    """Of the version that pickled the model: only that is sure to read it as it was meant."""
    if not _EXACT.fullmatch(version):
        raise SourceError(
            f"the model was written by scikit-learn {version[:40]!r}, which is no release",
            "read it with what is installed here: --worker current",
        )
    if _numbers(version) < _OLDEST_SKLEARN:
        raise SourceError(
            f"the model was written by scikit-learn {version}; 1.0 is the oldest that can be read",
            "load it where it was made, and save it with scikit-learn 1.0 or newer",
        )
    row = _table()[_MATCHED]
    wanted = [line.format(version=version) for line in row["requirements"]]
    for also in row["also"]:
        if _numbers(version) < _numbers(also["before"]):
            wanted += also["requirements"]
    for what in sorted({contents.form, *contents.modules}.intersection(row["with"])):
        wanted += row["with"][what]
    return Recipe(
        f"sklearn-{version}", pythons=tuple(row["pythons"]), requirements=tuple(dict.fromkeys(wanted))
    )


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
