"""Texts that stand for a missing value: those that were named, and those that other programs write."""

from __future__ import annotations

from shlex import quote

USUAL = frozenset(
    ("NA", "N/A", "n/a", "#N/A", "<NA>", "na", "NULL", "null", "Null", "None", "none", "nil", "NaT", "NaN",
     "nan", r"\N", "-", "--", "?", ".", "missing")
)  # fmt: skip
"""What R, pandas, databases and spreadsheets write where there is nothing."""


def hint_of(text: str) -> str:
    """What is to be added to the refusal of such a text; nothing for any other."""
    between = "=" if text.startswith("-") else " "
    return f" (--missing{between}{quote(text)} reads it as missing)" if text in USUAL else ""
