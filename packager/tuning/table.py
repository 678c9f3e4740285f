"""Prints what was tuned: a row for each memory size, the recommendations, and the conditions."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from packager.measurement import MemoryPoint, Tuning
from packager.report import ENDLESS

_COLUMNS = ("memory", "", "cold ms", "warm p50 ms", "p95 ms", "peak MB", "$ per million", "cold")
_OUT_OF_MEMORY = "out of memory"


def show(tuning: Tuning) -> None:
    """The whole answer, on stdout."""
    console = Console(emoji=False, highlight=False, soft_wrap=True, width=ENDLESS)
    table = Table(title=escape(tuning.name), title_justify="left", box=None, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column == "" else "right")
    for point in tuning.points:
        table.add_row(*_row(point, tuning))
    console.print(table)
    for choice in tuning.choices:
        console.print(escape(f"{choice.kind:<9} {choice.memory_mb} MB: {choice.why}"))
    machine = tuning.machine
    console.print(escape(f"prices: {tuning.prices}"))
    console.print(
        escape(
            f"machine: {machine.cpu}, {machine.cores} cores, load {machine.load:g}, Python {machine.python}"
        )
    )
    for note in tuning.notes:
        console.print(f"note: {escape(note)}")


def _row(point: MemoryPoint, tuning: Tuning) -> tuple[str, ...]:
    chosen = [choice.kind for choice in tuning.choices if choice.memory_mb == point.memory_mb]
    peak = None if point.peak_memory_bytes is None else point.peak_memory_bytes / 2**20
    marks = [point.origin, *([_OUT_OF_MEMORY] if point.out_of_memory else []), *chosen]
    return (
        f"{point.memory_mb} MB", ", ".join(marks), _number(point.cold_ms, ".0f"),
        _number(point.warm_p50_ms, ".2f"), _number(point.warm_p95_ms, ".2f"), _number(peak, ".0f"),
        _number(point.usd_per_million, ".2f"), _number(point.usd_per_million_cold, ".2f"),
    )  # fmt: skip


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
