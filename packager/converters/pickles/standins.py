"""Our own versions of the functions that pickles call: each does one thing, for arguments of one kind."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from packager.converters.failure import UnsafeModelError
from packager.converters.pickles.arrays import (
    JoblibArray,
    array_from_buffer,
    empty_array,
    make_dtype,
    make_scalar,
)

_GENERATORS = frozenset({"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"})
_FACTORIES = frozenset({int, float, list, dict, set, str})


def _latin1(text: Any, codec: Any = "latin1") -> bytes:
    """``_codecs.encode``, which protocol 2 uses for bytes: other codecs unpack or import."""
    if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
        raise UnsafeModelError(f"The file encodes text by the codec {codec!r}")
    return text.encode("latin1")


def _bytes(*args: Any) -> bytes:
    if args:
        raise UnsafeModelError("The file calls bytes() with arguments")
    return b""


def _bytearray(data: Any = b"", codec: Any = "latin1") -> bytearray:
    if isinstance(data, str):
        data = _latin1(data, codec)
    if not isinstance(data, bytes):
        raise UnsafeModelError("The file calls bytearray() with something that is not bytes")
    return bytearray(data)


def _set(items: Any = ()) -> set[Any]:
    return set(_listed(items))


def _frozenset(items: Any = ()) -> frozenset[Any]:
    return frozenset(_listed(items))


def _listed(items: Any) -> Any:
    if not isinstance(items, (list, tuple, set)):
        raise UnsafeModelError(f"The file makes a set of {type(items).__name__}")
    return items


def _complex(*parts: Any) -> complex:
    if any(not isinstance(part, (int, float)) for part in parts):
        raise UnsafeModelError("The file makes a complex number of something that is not a number")
    return complex(*parts)


def _ordered_dict(items: Any = ()) -> collections.OrderedDict[Any, Any]:
    return collections.OrderedDict(_listed(items) if items else ())


def _defaultdict(factory: Any = None) -> collections.defaultdict[Any, Any]:
    if factory is _ordered_dict:  # LightGBM's scores
        return collections.defaultdict(collections.OrderedDict)
    if factory is not None and factory not in _FACTORIES:
        raise UnsafeModelError(f"The file makes a defaultdict whose values come from {factory!r}")
    return collections.defaultdict(factory)


def _bare(cls: Any, base: Any, state: Any) -> Any:
    """``copyreg._reconstructor`` for plain objects."""
    if base is not object or state is not None or not isinstance(cls, type):
        raise UnsafeModelError(f"The file rebuilds {cls!r} upon {base!r}")
    return object.__new__(cls)


def _new(cls: Any, *_rest: Any) -> Any:
    """Cython's ``newObj`` and ``__pyx_unpickle_*``: the class without arguments."""
    if not isinstance(cls, type):
        raise UnsafeModelError(f"The file makes an object of {cls!r}, which is no class")
    made: Any = cast(Any, cls).__new__(cls)
    state = _rest[1] if len(_rest) == 2 else None
    if state is not None:
        made.__setstate__(state)
    return made


def _masked_array(*args: Any) -> Any:
    """``numpy.ma.core._mareconstruct``: the results of a search are masked arrays."""
    if args[:2] != (np.ma.MaskedArray, np.ndarray):
        raise UnsafeModelError(f"The file rebuilds a masked array of {args[:2]!r}")
    return np.ma.MaskedArray(np.zeros((0,), dtype="b"))


def _bit_generator(name: Any = "MT19937", *_rest: Any) -> Any:
    kind = getattr(name, "__name__", name)
    if kind not in _GENERATORS:
        raise UnsafeModelError(f"The file makes a random generator {name!r}")
    return getattr(np.random, kind)(0)


def _random_state(name: Any = "MT19937", *_rest: Any) -> Any:
    generator = name if isinstance(name, np.random.BitGenerator) else _bit_generator(name)
    return np.random.RandomState(generator)


def _generator(name: Any = "MT19937", *_rest: Any) -> Any:
    generator = name if isinstance(name, np.random.BitGenerator) else _bit_generator(name)
    return np.random.Generator(generator)


def _partial(function: Any = None, *args: Any) -> Any:
    """``functools.partial``, which histogram boosting holds for its check of categorical columns."""
    _check_validator(function)
    if args:
        raise UnsafeModelError("The file makes a partial function with arguments")
    return functools.partial(function)


def fill_partial(made: functools.partial[Any], state: Any) -> None:
    if not isinstance(state, tuple) or len(state) != 4:
        raise UnsafeModelError("The file fills a partial function with something else")
    function, args, keywords, attributes = state
    _check_validator(function)
    plain = isinstance(keywords, dict) and all(not callable(value) for value in keywords.values())
    if args != () or not plain or attributes:
        raise UnsafeModelError("The file makes a partial function with arguments")
    cast(Any, made).__setstate__(state)


def _check_validator(function: Any) -> None:
    from sklearn.utils.validation import check_array

    if function is not check_array:
        raise UnsafeModelError(f"The file makes a partial function of {function!r}")


STAND_INS: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _latin1,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytearray,
    "builtins.set": _set,
    "builtins.frozenset": _frozenset,
    "builtins.complex": _complex,
    "collections.OrderedDict": _ordered_dict,
    "collections.defaultdict": _defaultdict,
    "copyreg._reconstructor": _bare,
    "functools.partial": _partial,
    "joblib.numpy_pickle.NumpyArrayWrapper": JoblibArray,
    "numpy.dtype": make_dtype,
    "numpy.ma.core._mareconstruct": _masked_array,
    "numpy.random._pickle.__bit_generator_ctor": _bit_generator,
    "numpy.random._pickle.__generator_ctor": _generator,
    "numpy.random._pickle.__randomstate_ctor": _random_state,
    "sklearn.metrics._dist_metrics.newObj": _new,
    "sklearn.neighbors._ball_tree.newObj": _new,
    "sklearn.neighbors._kd_tree.newObj": _new,
}
for _core in ("numpy.core", "numpy._core"):
    STAND_INS[f"{_core}.multiarray._reconstruct"] = empty_array
    STAND_INS[f"{_core}.multiarray.scalar"] = make_scalar
    STAND_INS[f"{_core}.numeric._frombuffer"] = array_from_buffer
