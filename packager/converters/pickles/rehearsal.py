"""A walk through a pickle that makes nothing: it finds every name that the file would load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any

from packager.converters.pickles.arrays import JoblibArray, make_dtype
from packager.converters.pickles.walker import Walker

_DTYPE = "numpy.dtype"
_JOBLIB_ARRAY = "joblib.numpy_pickle.NumpyArrayWrapper"


@dataclass(frozen=True)
class Contents:
    """What a pickle asks for, in the order in which it asks, and the scikit-learn that wrote it."""

    names: tuple[tuple[str, str], ...]
    sklearn_version: str | None

    @property
    def full_names(self) -> tuple[str, ...]:
        return tuple(sorted({f"{module}.{name}" for module, name in self.names}))


class _Inert:
    """Stands for a class, a function or an object: whatever is done with it, nothing happens."""

    def __init__(self, name: str) -> None:
        self.name = name


class Rehearsal(Walker):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.names: dict[tuple[str, str], None] = {}
        self.sklearn_version: str | None = None

    def resolve(self, module: str, name: str) -> Any:
        self.names[module, name] = None
        return _Inert(f"{module}.{name}")

    def make(self, called: Any, args: Any, _kwargs: Any, *, as_class: bool) -> Any:
        # A file that calls an object that it made, or no callable at all, is the loader's to refuse.
        name = called.name if isinstance(called, _Inert) else ""
        if name == _DTYPE and not as_class and args and isinstance(args[0], str):
            return make_dtype(*args)
        if name == _JOBLIB_ARRAY:
            return JoblibArray()
        return _Inert("")

    def fill(self, made: Any, state: Any) -> Any:
        if isinstance(made, JoblibArray):
            return self._pass(made, state)
        if isinstance(state, dict) and isinstance(state.get("_sklearn_version"), str):
            self.sklearn_version = state["_sklearn_version"]
        return made

    def _pass(self, header: JoblibArray, state: Any) -> Any:
        header.fill(state)
        if not header.dtype.hasobject:
            header.skip(self.file)
            return _Inert("")
        nested = Rehearsal(self.file)
        nested.load()
        self.names.update(nested.names)
        return _Inert("")

    def grow(self, container: Any, items: Any, kind: type) -> None:
        if not isinstance(container, _Inert):
            super().grow(container, items, kind)


def rehearse(file: IO[bytes]) -> Contents:
    file.seek(0)
    walk = Rehearsal(file)
    walk.load()
    return Contents(tuple(walk.names), walk.sklearn_version)
