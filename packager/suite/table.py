"""The suite as text: a row for each model with its best candidate, on a terminal and in Markdown."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from packager.optimization import table
from packager.optimized import Candidate, Optimization
from packager.report import ENDLESS, size
from packager.suite.running import Row, Suite

COLUMNS = (
    *("model", "area", "from", "licence", "taken", "file", "×", "latency × (95 %)", "metric", "drop (95 %)"),
    *("engine", "zip", "cold", "warm"),
)
_LEFT = ("model", "area", "from", "licence", "taken", "engine")


def show(suite: Suite) -> None:
    """The table on stdout, then each model's sentence."""
    console = Console(emoji=False, highlight=False, soft_wrap=True, width=ENDLESS)
    shown = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        shown.add_column(column, justify="left" if column in _LEFT else "right")
    for row in suite.models:
        shown.add_row(*map(escape, cells(row)))
    console.print(shown)
    for line in (*sentences(suite), *remarks(suite)):
        console.print(escape(line))


def markdown(suite: Suite) -> str:
    """The table as a page of its own."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'|'.join('---' for _ in COLUMNS)}|"]
    lines += [f"| {' | '.join(cells(row))} |" for row in suite.models]
    return "\n".join([*lines, "", *(f"- {line}" for line in (*sentences(suite), *remarks(suite))), ""])


def cells(row: Row) -> tuple[str, ...]:
    """One model's figures; dashes from where it failed."""
    found = row.optimization
    chosen = _chosen(found) if found else None
    return (
        row.name,
        row.area,
        row.requirement,
        row.licence,
        "failed" if row.error else chosen.title if chosen else table.NOTHING,
        size(chosen.sizes.model_bytes) if chosen and chosen.sizes else table.NOTHING,
        table.ratio(chosen, found) if chosen and found else table.NOTHING,
        table.interval(chosen.latency if chosen else None),
        _score(chosen),
        f"{table.drop(chosen, found)} {table.unit(found)}".strip() if chosen and found else table.NOTHING,
        row.engine or table.NOTHING,
        size(row.archive_bytes) if row.archive_bytes else table.NOTHING,
        _unless(row.stable, table.milliseconds(row.cold_ms)),
        _unless(row.stable, table.milliseconds(row.warm_ms)),
    )


def sentences(suite: Suite) -> Iterator[str]:
    """What was decided of each model and why, or why it failed."""
    for row in suite.models:
        if row.error:
            yield f"{row.name} failed: {row.error}"
        elif row.optimization:
            judged = "labels" if _truth(row.optimization) == "labels" else "agreement with the source model"
            yield f"{row.name} ({row.task}; {row.rows}, {judged}): {row.optimization.sentence}"


def remarks(suite: Suite) -> Iterator[str]:
    """On what it was run, and how thoroughly."""
    machine, effort = suite.machine, suite.effort
    yield (
        f"packager {suite.packager_version} on {machine.cpu}, {machine.cores} cores, load {machine.load:g} "
        f"before; {_models(len(suite.models))} in {suite.seconds:.0f} s: at most {effort.max_trials} "
        f"candidates and {effort.max_minutes:g} minutes for each search, {effort.cold_rounds} cold starts"
    )


def _models(count: int) -> str:
    return f"{count} model{'' if count == 1 else 's'}"


def _chosen(found: Optimization) -> Candidate:
    return next(one for one in found.candidates if one.id == found.chosen)


def _score(chosen: Candidate | None) -> str:
    return f"{chosen.score.metric} {chosen.score.value:.4f}" if chosen and chosen.score else table.NOTHING


def _truth(found: Optimization) -> str | None:
    score = found.candidates[0].score
    return score.truth if score else None


def _unless(stable: bool | None, text: str) -> str:
    return f"{text} (unstable)" if stable is False else text
