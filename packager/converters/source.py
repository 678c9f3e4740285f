"""What every framework gives: an opened model that knows its signature and its own answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packager.converters.passes.step import Applied
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import Signature
from packager.converters.tensors import Array


@dataclass(frozen=True, slots=True)
class About:
    """Where a model comes from; ``loads`` names every class and function that its file asks for.

    ``files``: what was read beside the file, by its path from there, with its SHA-256.
    """

    framework: str
    framework_version: str
    written_by: str | None
    description: str
    loads: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The model file that was written, in the format that the request asked for."""

    opset: int | None
    converter: str
    source: "Source | None" = None
    """The source with a narrower signature, where the graph does not answer all that the model does."""
    applied: tuple[Applied, ...] = ()
    """What the passes of the request did to the copy that was written."""


class Source(Protocol):
    """A model that was opened safely."""

    @property
    def about(self) -> About: ...

    @property
    def signature(self) -> Signature: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def invent(self, count: int, seed: int) -> list[Rows]:
        """Inputs made from the signature and from what the model itself tells of its inputs."""
        ...

    def tensors(self, rows: Rows) -> Mapping[str, Array]:
        """The rows as the graph's inputs."""
        ...

    def answer(self, rows: Rows) -> Mapping[str, Array]:
        """The model's own answers under the names and shapes of the signature's outputs."""
        ...

    def write(self, dest: Path) -> Written:
        """Writes the model in the request's format."""
        ...


class Converter(Protocol):
    """One framework: opens its files."""

    def open_source(self, request: Request) -> Source: ...
