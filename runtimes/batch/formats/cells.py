"""What the cells of a column of CSV mean: one meaning, whether they are read at once or one by one.

A number is one as Python and C write it, with spaces and tabs around it or not: no underscores, no comma, not
hexadecimal. `nan` and `inf` are numbers that are not finite. A whole number may be written as `3.0` or `3e2`.
What is true or false is `true`, `false`, `1` or `0`, in any case. An empty cell is a missing value, but in a
column of texts.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from runtimes.batch.formats.missing import hint_of

TRUE = ["1", "true", "True", "TRUE"]
FALSE = ["0", "false", "False", "FALSE"]
_SPACE = " \t"
_NUMBER = (
    r"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|(?i:inf|infinity|nan|nan\([0-9a-z_]*\)))$"
)
_WHOLE = r"^-?[0-9]{1,18}$"
_MOST_DIGITS = 20
_SLICE = 1024
"""So few cells are looked at more closely where one of them is not as it should be."""
_SHOWN = 40

Fault = tuple[str, str]
"""The code of a reason, and the sentence without the column's name."""


def read_cells(
    cells: pa.Array, type_: pa.DataType, missing: tuple[str, ...] = ()
) -> tuple[pa.Array, list[int]]:
    """The values of texts, and the places of those that have none (they are null). ``missing``: texts that
    stand for a missing value, as the empty one does."""
    if pt.is_string(type_):
        return cells, []
    if missing:
        cells = pc.if_else(pc.is_in(cells, pa.array(missing, pa.string())), None, cells)
    if not pt.is_integer(type_):
        try:
            return pc.cast(cells, type_), []
        except pa.ArrowInvalid:
            pass
    if len(cells) > _SLICE:
        starts = range(0, len(cells), _SLICE)
        parts = [read_cells(cells.slice(start, _SLICE), type_) for start in starts]
        bad = [start + place for start, (_, places) in zip(starts, parts) for place in places]
        return pa.concat_arrays([values for values, _ in parts]), bad
    cells = pc.utf8_trim(pc.if_else(pc.equal(cells, ""), None, cells), characters=_SPACE)
    if pt.is_floating(type_):
        is_good = pc.match_substring_regex(cells, _NUMBER)
        return pc.cast(_only(cells, is_good), type_), _places(is_good)
    if pt.is_boolean(type_):
        cells = pc.utf8_lower(cells)
        is_good = pc.is_in(cells, pa.array([*TRUE, *FALSE]))
        is_good = pc.if_else(pc.is_null(cells), None, is_good)
        return pc.cast(_only(cells, is_good), type_), _places(is_good)
    return _read_whole(cells, type_)


def _read_whole(cells: pa.Array, type_: pa.DataType) -> tuple[pa.Array, list[int]]:
    is_plain = pc.match_substring_regex(cells, _WHOLE)
    try:
        values = pc.cast(_only(cells, is_plain), type_)
    except pa.ArrowInvalid:  # a type that is narrower than 18 digits
        is_plain, values = pc.if_else(pc.is_null(cells), None, False), pa.nulls(len(cells), type_)
    odd = _places(is_plain)
    if not odd:
        return values, []
    found = [_whole(cells[place].as_py(), type_) for place in odd]
    mask = pc.if_else(pc.is_null(cells), False, pc.invert(is_plain))
    values = pc.replace_with_mask(values, mask, pa.array(found, type_))
    return values, [place for place, value in zip(odd, found) if value is None]


def _only(cells: pa.Array, is_good: pa.Array) -> pa.Array:
    return pc.if_else(is_good, cells, None)


def _places(is_good: pa.Array) -> list[int]:
    """Where something is there that is not good."""
    places: list[int] = pc.indices_nonzero(pc.invert(is_good).fill_null(False)).to_pylist()
    return places


def _number(text: str) -> float | None:
    """As the pattern above has it, one by one."""
    if not text.isascii() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return float("nan") if text.lower().lstrip("+-").startswith("nan(") else None


def _whole(text: str, type_: pa.DataType) -> int | None:
    number = _number(text)
    if number is None:
        return None
    digits = text.lstrip("+-").lstrip("0")
    if not digits or digits.isdigit():
        if len(digits) > _MOST_DIGITS:
            return None
        value = int(digits or "0") * (-1 if text.startswith("-") else 1)
    elif number.is_integer():
        value = int(number)
    else:
        return None
    low, high = limits_of(type_)
    return value if low <= value <= high else None


def limits_of(type_: pa.DataType) -> tuple[int, int]:
    """The smallest and the largest number of a type of whole numbers."""
    bits = type_.bit_width
    return (0, 2**bits - 1) if pt.is_unsigned_integer(type_) else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def explain_cell(text: str, type_: pa.DataType) -> Fault:
    """Why a cell has no value of this type."""
    shown = f"{text[:_SHOWN]!r}"
    if pt.is_boolean(type_):
        return "not_a_boolean", f"must be true or false, but it is {shown}{hint_of(text)}"
    number = _number(text.strip(_SPACE))
    if pt.is_floating(type_) or number is None:
        expected = "a number" if pt.is_floating(type_) else "a whole number"
        return "not_a_number", f"must be {expected}, but it is {shown}{hint_of(text)}"
    if number - number != 0:
        return "not_finite", f"must be a whole number, but it is {shown}{hint_of(text)}"
    if number.is_integer():
        return "too_large", f"is too large for {type_}: {shown}"
    return "not_whole", f"must be a whole number, but it is {shown}"
