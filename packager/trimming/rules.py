"""The rules: `data/trim.toml`, and those of a user's packager.toml; and which files each one names."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from packager import resources

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class Rule(BaseModel):
    """What may be left out: patterns of paths below the function's root, and why it is never used.

    A rule with the condition ``byte-code`` names only sources that have their byte-code beside them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="What it leaves out, in a few words.")
    files: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="Patterns such as **/*.pyi, below the function's root."
    )
    reason: str = Field("asked for in packager.toml", description="Why a function does without.")
    when: Literal["always", "byte-code"] = Field("always", description="always, or where byte-code is there.")

    def find(self, names: Iterable[str]) -> frozenset[str]:
        """The files among ``names`` that it leaves out: never one that always ships."""
        every = frozenset(names)
        found = (name for name in every if _any(self.files).fullmatch(name))
        return frozenset(
            name
            for name in found
            if not always_ships(name) and (self.when == "always" or _byte_code(name) in every)
        )


@cache
def declared() -> tuple[Rule, ...]:
    """The rules of `data/trim.toml`."""
    return tuple(Rule.model_validate(row) for row in _table()["rules"])


def always_ships(name: str) -> bool:
    """Whether no rule may take a file: our own parts, licences, metadata, vendored libraries."""
    return _any(tuple(_table()["always_ships"])).fullmatch(name) is not None


def _table() -> dict[str, list[dict[str, str]]]:
    return _read((resources.DATA / "trim.toml").read_text(encoding="utf-8"))


@cache
def _read(text: str) -> dict[str, list[dict[str, str]]]:
    return tomllib.loads(text)


def _byte_code(name: str) -> str:
    """Where the byte-code of a source lies that runs without it."""
    return str(PurePosixPath(name).with_suffix(".pyc"))


@cache
def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_expression(pattern)})" for pattern in patterns))


def _expression(pattern: str) -> str:
    """A glob as a regular expression: `*` stays in its folder, `**` does not."""
    return "".join(_MEANINGS.get(part) or re.escape(part) for part in _PARTS.findall(pattern))
