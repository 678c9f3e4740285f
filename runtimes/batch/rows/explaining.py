"""Why a value is refused, in the words of the function, and under which code."""

from __future__ import annotations

from decimal import Decimal
from math import isnan

import pyarrow as pa

from runtimes.batch.rows.columns import Column
from runtimes.core.nested import MisfitError, pack
from runtimes.core.restrictions import LARGEST, unknown_category


def explain(column: Column, value: pa.Scalar) -> tuple[str, str]:
    """The code of the reason, and the sentence."""
    feature = column.feature
    found = as_json(value, column.nullable)
    reason = explain_value(found, column.dtype, feature.kind, column.nullable)
    if reason is not None:
        return reason[0], f"{feature.name} {reason[1]}"
    if column.dtype == "float64" and isinstance(found, (int, float)) and abs(found) > LARGEST:
        return "too_large", f"{feature.name} is too large: {float(found)!r}"
    return "unknown_category", f"{feature.name} {unknown_category(feature)}"


def explain_value(value: object, dtype: str, kind: str, nullable: bool = False) -> tuple[str, str] | None:
    """The same for a value as JSON has it; None when it is taken."""
    try:
        pack([value], dtype, kind, nullable)
    except MisfitError as misfit:
        return code_of(value, kind), misfit.reason
    return None


def as_json(value: pa.Scalar, nullable: bool) -> object:
    """The value as a request would say it: there is no NaN where null is taken."""
    try:
        found = value.as_py()
    except UnicodeDecodeError:
        return "\udfff"  # what is not UTF-8 is as little text as this
    if isinstance(found, Decimal):
        return int(found) if found == found.to_integral_value() and value.type.scale <= 0 else float(found)
    if nullable and isinstance(found, float) and isnan(found):
        return None
    return found


def code_of(value: object, kind: str) -> str:
    """The code for a value that is refused."""
    if value is None:
        return "missing"
    if kind == "text":
        return "not_text"
    if isinstance(value, float) and value - value != 0:
        return "not_finite"
    if kind == "integer" and isinstance(value, float) and not value.is_integer():
        return "not_whole"
    return "too_large" if isinstance(value, (int, float)) and not isinstance(value, bool) else "not_a_number"
