"""The shape of the report: sections of charts and tables, before any of it is drawn or written."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Width = Literal["wide", "narrow"]
Spec = dict[str, object]
"""A chart in Vega-Lite's language."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: what it shows in words, and how it is drawn for a wide and for a narrow page."""

    id: str
    title: str
    description: str
    spec: Callable[[Width], Spec]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table; a figure has its exact ``value`` beside the text that is read."""

    text: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Figures as a table; the first cell of each row is its heading."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def holds_figures(self, column: int) -> bool:
        """Whether this column is read as figures: then it stands to the right."""
        cells = [row[column] for row in self.rows]
        return sum(cell.value is not None for cell in cells) * 3 >= len(cells) * 2


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not known of which artifact, and the command that finds it out."""

    what: str
    command: str


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report."""

    id: str
    title: str
    lead: str
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    missing: tuple[Missing, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def printable(text: str) -> str:
    """A path may hold bytes that are no text: a question mark stands for each."""
    return text.encode(errors="replace").decode()


def command(*words: object) -> str:
    """A command as it is typed: a path with a blank in it is quoted."""
    return printable(shlex.join(str(word) for word in words))


def figure(value: float | None, written: Callable[[float], str]) -> Cell:
    """A cell with a figure; a dash where there is none."""
    return Cell("–") if value is None else Cell(written(value), value)


def whole(value: float) -> str:
    """A count, in groups of three digits."""
    return f"{value:,.0f}"
