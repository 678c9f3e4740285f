"""Turns pydantic's refusal of settings into a sentence for the person who wrote them."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from packager.errors import ConfigError

HINT = "packager init lists every option"
_TABLES = {
    "target": "tables: [[target]]",
    "trim": "tables: [[trim]]",
    "optimize": "a table: [optimize]",
    "optimize.passes": "tables: [[optimize.passes]]",
}
# What pydantic says of these tells a user nothing.
_PLAIN = {
    "tuple_type": "it must be a list",
    "too_short": "it must not be empty",
    "string_too_short": "it must not be empty",
    "float_type": "it must be a number",
    "float_parsing": "it must be a number",
    "int_type": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "string_type": "it must be a text in quotes",
    "path_type": "it must be a text in quotes",
}


def of_settings(
    error: ValidationError,
    where: str,
    known: Collection[str],
    examples: Mapping[str, Any],
    hint: str = HINT,
) -> ConfigError:
    """The first of its reasons, a mistyped name before all: it is mostly the cause of the others.

    ``where`` says whose the settings are, ``known`` are the options that a typo may mean, ``hint`` says where
    all of them stand.
    """
    details = error.errors()
    first = next((one for one in details if one["type"] == "extra_forbidden"), details[0])
    field, name = _path(_untagged(first["loc"])), str(first["loc"][-1])
    if first["type"] == "extra_forbidden":
        return ConfigError(f"{where} has no option {field!r}", _suggestion(name, known, hint))
    if first["type"] == "missing":
        return ConfigError(f"{where}: {_path(_untagged(first['loc'])[:-1]) or 'it'} has no {name!r}", hint)
    if first["type"] == "union_tag_not_found":
        return ConfigError(f"{where}: {field} has no 'kind'", "packager optimize --passes lists them")
    if first["type"] in ("model_type", "model_attributes_type", "tuple_type") and field in _TABLES:
        return ConfigError(f"{where}: {field} is {first['input']!r}", f"write it as {_TABLES[field]}")
    message = _message(first, name, examples)
    if message.startswith(f"{name} "):  # the target's own sentence names the field and its value already
        return ConfigError(f"{where}: {field.removesuffix(name)}{message}", hint)
    return ConfigError(f"{where}: {field} is {first['input']!r}: {message}", hint)


def _message(reason: ErrorDetails, name: str, examples: Mapping[str, Any]) -> str:
    if reason["type"] == "string_pattern_mismatch":
        return f"it must be written like {examples.get(name, reason['ctx']['pattern'])}"
    message = reason["msg"].removeprefix("Value error, ")
    return _PLAIN.get(reason["type"], message.replace("Input should be", "it must be"))


def _untagged(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Without the kind of a pass or target, which pydantic puts between its place and its field."""
    tables = next((at for at in (("optimize", "passes"), ("target",)) if location[: len(at)] == at), None)
    if tables is not None and len(location) > len(tables) + 2:
        return (*location[: len(tables) + 1], *location[len(tables) + 2 :])
    return location


def _path(location: tuple[int | str, ...]) -> str:
    """`target[0].memory_mb`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _suggestion(typed: str, known: Collection[str], hint: str) -> str:
    close = get_close_matches(typed, known, n=1)
    return f"did you mean {close[0]!r}?" if close else hint
