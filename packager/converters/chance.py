"""Models that give other answers when they are asked the same again have none to hold a conversion to."""

from collections.abc import Callable, Mapping

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.tensors import Array

# As wide as the gate at the end of a build: what moves by more could not pass it.
_RELATIVE, _ABSOLUTE, _HALF = 1e-4, 1e-5, 1e-3


def refuse_chance(ask: Callable[[], Mapping[str, Array]]) -> None:
    """It would look like a bad conversion; ``ask`` gives the answers to the same inputs, each time anew."""
    first, again = ask(), ask()
    odd = [name for name in first if not _same(first[name], again[name])]
    if odd:
        raise ConversionError(
            f"The model itself gives other answers ({', '.join(odd)}) when it is asked the same again: "
            "it draws random numbers, or remembers what it was asked",
            hint="take that out of it; for torch, call model.eval() before it is saved",
        )


def _same(one: Array, other: Array) -> bool:
    """Equal up to what another order of additions changes; several threads may add in any."""
    if one.shape != other.shape or one.dtype.kind not in "fc":
        return np.array_equal(one, other)
    absolute = _HALF if one.dtype == np.float16 else _ABSOLUTE
    return np.allclose(one, other, rtol=max(_RELATIVE, absolute), atol=absolute, equal_nan=True)
