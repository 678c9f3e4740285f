"""What is installed beside packager as a worker finds it: never a file of the user's folder.

`import` and `importlib.metadata` look first where the user stands, or where PYTHONPATH points. A worker does
neither, so a folder `torch/` of somebody's project says nothing about what a worker can import.
"""

import os
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path


def has(module: str) -> bool:
    """Whether a worker could import the top-level ``module`` (which is looked up, not imported)."""
    return _origin(module) is not None


def folder_of(module: str) -> Path | None:
    """The site folder that holds ``module``, or None."""
    origin = _origin(module)
    return origin.parents[1] if origin is not None else None


def version(distribution: str) -> str | None:
    """The installed version, or None."""
    found = next(iter(metadata.distributions(name=distribution, path=_places())), None)
    return found.version if found is not None else None


def _origin(module: str) -> Path | None:
    """A folder without code (a namespace) is nothing that a framework could be."""
    spec = PathFinder.find_spec(module, _places())
    return Path(spec.origin) if spec is not None and spec.origin is not None else None


def _places() -> list[str]:
    elsewhere = {_real(place) for place in _users_own()}
    return [place for place in sys.path if place and _real(place) not in elsewhere]


def _users_own() -> Iterator[str]:
    yield os.getcwd()  # noqa: PTH109 - compared as text
    yield from os.environ.get("PYTHONPATH", "").split(os.pathsep)


def _real(place: str) -> str:
    return os.path.realpath(place)
