"""Opens pickle and joblib files: a rehearsal, then a walk that makes only what the allow-list admits."""

from __future__ import annotations

import functools
import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np

from packager.converters.failure import SourceError, UnsafeModelError, WorkerError, flags_for
from packager.converters.pickles.allowlist import Admission, admit
from packager.converters.pickles.arrays import JoblibArray
from packager.converters.pickles.boosters import refuse_broken_booster
from packager.converters.pickles.rehearsal import Contents, rehearse
from packager.converters.pickles.standins import fill_partial
from packager.converters.pickles.stream import open_stream
from packager.converters.pickles.walker import Walker

_DAMAGE = (
    pickle.UnpicklingError, AttributeError, EOFError, ImportError, IndexError, KeyError, MemoryError,
    OverflowError, RecursionError, TypeError, UnicodeDecodeError, ValueError, AssertionError,
)  # fmt: skip

_FILLABLE = (np.ndarray, np.ma.MaskedArray, np.random.RandomState, np.random.Generator, JoblibArray)


class Loader(Walker):
    """Makes objects of admitted classes only; remembers what it admitted by identity."""

    def __init__(self, file: IO[bytes], allowed: frozenset[str]) -> None:
        super().__init__(file)
        self.allowed = allowed
        self.admitted: dict[str, Admission] = {}
        self.makers: set[int] = set()
        self.fillable: set[type] = set(_FILLABLE)

    def resolve(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full not in self.admitted:
            self._admit(module, name)
        return self.admitted[full].value

    def _admit(self, module: str, name: str) -> None:
        admission = admit(module, name, self.allowed)
        if admission.verdict not in ("made", "named"):
            raise unsafe([f"{module}.{name}"])
        self.admitted[f"{module}.{name}"] = admission
        if admission.verdict == "made":
            self.makers.add(id(admission.value))
            if isinstance(admission.value, type):
                self.fillable.add(admission.value)

    def make(self, called: Any, args: Any, kwargs: Any, *, as_class: bool) -> Any:
        if id(called) not in self.makers or not isinstance(args, tuple) or not isinstance(kwargs, dict):
            raise UnsafeModelError(
                f"The file calls {_describe(called)}, which is not a class of a model library"
            )
        if not as_class:
            return called(*args, **kwargs)
        if not isinstance(called, type):
            raise UnsafeModelError(f"The file makes an object of {_describe(called)}, which is no class")
        return called.__new__(called, *args, **kwargs)

    def fill(self, made: Any, state: Any) -> Any:
        if type(made) is functools.partial:
            fill_partial(made, state)
            return made
        if type(made) not in self.fillable and not isinstance(made, np.random.BitGenerator):
            raise UnsafeModelError(f"The file sets the state of {_describe(made)}")
        if isinstance(made, JoblibArray):
            return self._array(made, state)
        refuse_broken_booster(_describe(made), state)
        setter = getattr(type(made), "__setstate__", None)
        if setter is not None:
            setter(made, state)
        else:
            _set_attributes(made, state)
        return made

    def _array(self, header: JoblibArray, state: Any) -> Any:
        header.fill(state)
        if not header.dtype.hasobject:
            return header.read(self.file)
        return Loader(self.file, self.allowed).load()


def _set_attributes(made: Any, state: Any) -> None:
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    for part in (attributes, slots):
        if part is not None and not isinstance(part, dict):
            raise SourceError(f"The file gives {_describe(made)} a state that is no dictionary")
    for name in (*(attributes or ()), *(slots or ())):
        if not isinstance(name, str) or (name.startswith("__") and name.endswith("__")):
            raise UnsafeModelError(f"The file sets the attribute {name!r} of {_describe(made)}")
    if attributes:
        made.__dict__.update(attributes)
    for name, value in (slots or {}).items():
        setattr(made, name, value)


def _describe(value: Any) -> str:
    kind = value if isinstance(value, type) else type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def unsafe(names: list[str]) -> UnsafeModelError:
    """The refusal of all names at once, with the way to allow them."""
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return UnsafeModelError(
        f"The model file asks for {listed}, which is not on the list of what models are made of: "
        "nothing of it was run",
        hint=f"if you trust the file and know this code, allow it by name: {flags_for(names)}",
        details=tuple(names),
    )


def read_contents(path: Path) -> Contents:
    """Every name in the file, without making anything of it."""
    with open_stream(path) as stream:
        return guarded(path, lambda: rehearse(stream))


def load_pickle(path: Path, allowed: frozenset[str]) -> Any:
    """The object in the file; call ``read_contents`` and judge the names first."""
    with open_stream(path) as stream:
        return guarded(path, Loader(stream, allowed).load)


def guarded(path: Path, read: Any) -> Any:
    try:
        return read()
    except WorkerError:
        raise
    except _DAMAGE as error:
        words = str(error) or type(error).__name__
        raise SourceError(f"{path.name} is damaged, or no pickle of a model: {words}") from error
