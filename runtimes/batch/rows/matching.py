"""The file's columns to the names that the model knows, and what is wrong where they do not fit."""

from __future__ import annotations

from difflib import get_close_matches

import pyarrow as pa

from runtimes.batch.errors import JobError

_SHOWN = 20


def match(names: list[str], schema: pa.Schema, mapped: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """For each of the model's names the column that holds it, and a sentence for each that has none."""
    found, wrong = {}, []
    for name in names:
        column = mapped.get(name, name)
        count = schema.names.count(column)
        if count == 1:
            found[name] = column
        elif count:
            wrong.append(f"there are {count} columns {column!r}")
        else:
            wrong.append(_missing(name, column, schema.names))
    return found, wrong


def check_mapped(names: list[str], mapped: dict[str, str]) -> None:
    """Refuse a mapping of what the model does not take."""
    unknown = [name for name in mapped if name not in names]
    if unknown:
        message = f"--map names {unknown[0]!r}, which the model does not take"
        raise JobError(message, f"it takes {listed(names)}")


def _missing(name: str, column: str, names: list[str]) -> str:
    sentence = f"there is no column {column!r}"
    near = _nearest(column, names)
    if near is None:
        return sentence
    asks = "it is written" if near.casefold() == column.casefold() else "is it"
    return f"{sentence}; {asks} {near!r}? --map {quoted(f'{name}={near}')}"


def _nearest(column: str, names: list[str]) -> str | None:
    plain = {_letters(name): name for name in reversed(names)}
    if _letters(column) in plain:
        return plain[_letters(column)]
    close = get_close_matches(_letters(column), list(plain), 1, 0.75)
    return plain[close[0]] if close else None


def _letters(name: str) -> str:
    """What two spellings of a name have in common."""
    return "".join(letter for letter in name.casefold() if letter.isalnum()) or name


def listed(items: list[str], comma: str = ", ") -> str:
    """The items, or the first of very many."""
    more = f"{comma}and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return comma.join(items[:_SHOWN]) + more


def quoted(argument: str) -> str:
    """As a shell takes it."""
    from shlex import quote

    return quote(argument)
