"""Numbers as C99 writes them, and the narrowest types that hold them."""

import math
from typing import Any

import numpy as np

from packager.firmware.program import Array

C_TYPES = {
    "float32": "float", "float64": "double", "int64": "int64_t", "int32": "int32_t", "bool": "bool",
    "string": "int32_t",
}  # fmt: skip
"""The type of each dtype; texts are codes (`texts.py`)."""
BYTES = {
    "float": 4, "double": 8, "int64_t": 8, "int32_t": 4, "bool": 1,
    "uint8_t": 1, "uint16_t": 2, "uint32_t": 4, "int8_t": 1, "int16_t": 2,
}  # fmt: skip
_NUMPY = {
    "float": "float32", "double": "float64", "int64_t": "int64", "int32_t": "int32", "bool": "bool",
    "uint8_t": "uint8", "uint16_t": "uint16", "uint32_t": "uint32", "int8_t": "int8", "int16_t": "int16",
}  # fmt: skip
_LOWEST = {"int32_t": "INT32_MIN", "int64_t": "INT64_MIN"}


def array_of(values: Any, c_type: str) -> Array:
    """The values as numpy holds this type."""
    return np.asarray(values).astype(_NUMPY[c_type])


def literal(value: Any, c_type: str) -> str:
    """One number: exactly this one when the compiler reads it back."""
    if c_type in ("float", "double"):
        return _floating(value, c_type)
    if c_type == "bool":
        return "true" if value else "false"
    whole = int(value)
    if c_type in _LOWEST and whole == np.iinfo(_NUMPY[c_type]).min:
        return _LOWEST[c_type]
    return f"INT64_C({whole})" if c_type == "int64_t" else str(whole)


def _floating(value: Any, c_type: str) -> str:
    number = np.float32(value) if c_type == "float" else np.float64(value)
    if math.isnan(number):
        return "NAN" if c_type == "float" else "(double)NAN"
    if math.isinf(number):
        sign = "-" if number < 0 else ""
        return f"{sign}INFINITY" if c_type == "float" else f"{sign}(double)INFINITY"
    # The shortest text that reads back as the same number.
    return f"{number!s}f" if c_type == "float" else str(number)


def operand(value: Any, c_type: str) -> str:
    """A number that stands in an expression."""
    text = literal(value, c_type)
    return f"({text})" if text.startswith("-") else text


def unsigned_for(highest: int) -> str:
    """The narrowest unsigned type that holds 0 to ``highest``."""
    return "uint8_t" if highest < 1 << 8 else "uint16_t" if highest < 1 << 16 else "uint32_t"


def as_type(text: str, have: str, want: str) -> str:
    """An expression of one type as another: a cast where they differ."""
    if have == want:
        return text
    return f"({want})({text})" if any(mark in text for mark in " ?") else f"({want}){text}"
