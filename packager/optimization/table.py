"""An optimization as text: a row for each candidate, the choice in a sentence, the conditions."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from packager.measurement import Ratio
from packager.metrics.choosing import LESS_IS_BETTER
from packager.optimization import words
from packager.optimization.choice import SAME
from packager.optimized import Candidate, Optimization
from packager.report import ENDLESS, size

COLUMNS = ("", "candidate", "file", "×", "shipped", "latency", "× (95 %)")
CHOSEN, ON_FRONT = "→", "•"
NOTHING = "–"


def show(optimization: Optimization) -> None:
    """The whole answer, on stdout: what could not be tried stands beneath, with its reason."""
    console = Console(emoji=False, highlight=False, soft_wrap=True, width=ENDLESS)
    table = Table(box=None, pad_edge=False)
    for column in columns(optimization):
        table.add_column(column, justify="left" if column in ("", "candidate", "outcome") else "right")
    for candidate in tried(optimization):
        table.add_row(
            *map(escape, row(candidate, optimization)),
            style="bold" if _chosen(candidate, optimization) else "",
        )
    console.print(table)
    console.print(f"\n{escape(optimization.sentence)}", style="bold")
    for line in (*untried(optimization), *remarks(optimization)):
        console.print(escape(line))
    console.print()


def columns(optimization: Optimization) -> tuple[str, ...]:
    """The headings of the rows."""
    drops = ", ".join(filter(None, ("drop", unit(optimization))))
    return (*COLUMNS, optimization.metric, f"{drops} (95 %)", "outcome")


def _codes(optimization: Optimization) -> Iterator[str]:
    """Of a chosen model that takes or answers codes: what each stands for."""
    chosen = next(one for one in optimization.candidates if _chosen(one, optimization))
    for code in (code for record in chosen.passes for code in record.quantized_io):
        shift = f" {'−' if code.zero_point > 0 else '+'} {abs(code.zero_point)}" if code.zero_point else ""
        yield f"{code.name} holds codes of {code.dtype}: n stands for {code.scale:.9g} × (n{shift})"


def tried(optimization: Optimization) -> tuple[Candidate, ...]:
    """The candidates with figures, in the order of the search."""
    return tuple(one for one in optimization.candidates if one.sizes or one.score)


def row(candidate: Candidate, optimization: Optimization) -> tuple[str, ...]:
    """One candidate's figures as texts; a dash where nothing was measured."""
    sizes = candidate.sizes
    return (
        mark(candidate, optimization),
        candidate.title,
        size(sizes.model_bytes) if sizes else NOTHING,
        ratio(candidate, optimization),
        size(sizes.shipped_bytes) if sizes else NOTHING,
        milliseconds(candidate.latency_ms),
        interval(candidate.latency),
        f"{candidate.score.value:.4f}" if candidate.score else NOTHING,
        drop(candidate, optimization),
        _outcome(candidate),
    )


def mark(candidate: Candidate, optimization: Optimization) -> str:
    """An arrow for the chosen one, a dot for those that nothing else beats."""
    if _chosen(candidate, optimization):
        return CHOSEN
    return ON_FRONT if candidate.id in optimization.front else ""


def ratio(candidate: Candidate, optimization: Optimization) -> str:
    """The file's bytes over those of the model as converted."""
    mine, base = candidate.sizes, optimization.candidates[0].sizes
    return f"{mine.model_bytes / base.model_bytes:.2f}" if mine and base else NOTHING


def milliseconds(value: float | None) -> str:
    """Microseconds where it is less than one millisecond."""
    if value is None:
        return NOTHING
    return f"{value:.2f} ms" if value >= 1 else f"{value * 1000:.1f} µs"


def interval(ratio: Ratio | None) -> str:
    """`0.72 (0.70–0.74)`"""
    return f"{ratio.ratio:.2f} ({ratio.low:.2f}–{ratio.high:.2f})" if ratio else NOTHING


def short_drop(candidate: Candidate, optimization: Optimization) -> str:
    """The drop alone, as a chart says it: `−0.3 points`."""
    found = candidate.drop
    if found is None:
        return NOTHING
    if optimization.metric in LESS_IS_BETTER:
        return f"{found.value:+.2g}"
    points = round(-100 * found.value, 2)
    return f"{points:+.2f} points".replace("-", "−") if points else "no loss"


def drop(candidate: Candidate, optimization: Optimization) -> str:
    """`0.3 (0.1 to 0.5)`, in the unit of `unit`."""
    found = candidate.drop
    if found is None:
        return NOTHING
    scale = 100 if unit(optimization) else 1
    value, low, high = (round(scale * figure, 2) + 0.0 for figure in (found.value, found.low, found.high))
    return f"{value:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")


def unit(optimization: Optimization) -> str:
    """Of a drop: points; of errors the metric's own, which has no name."""
    return "" if optimization.metric in LESS_IS_BETTER else "points"


def untried(optimization: Optimization) -> Iterator[str]:
    """What failed or found nothing to do, by the reason; passes that stand before it are left out."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in optimization.candidates:
        if one.outcome in ("failed", "not_applicable"):
            reasons.setdefault((_outcome(one), one.why), []).append(one.title.rpartition(" + ")[2])
    for (outcome, why), titles in reasons.items():
        yield f"{outcome}: {'; '.join(dict.fromkeys(titles))}: {why}"


def remarks(optimization: Optimization) -> Iterator[str]:
    """How it was measured, by what it was judged, and what ended it."""
    machine, truth = optimization.machine, "the labels"
    if (score := optimization.candidates[0].score) and score.truth == "source":
        truth = "the source model's answers"
    yield (
        f"{CHOSEN} chosen, {ON_FRONT} beaten by no other; {optimization.metric} against {truth} on "
        f"{optimization.rows:,} rows, calibrated on {optimization.calibration_rows:,} others, "
        f"seed {optimization.seed}"
    )
    yield (
        f"{len(optimization.candidates)} candidates in {optimization.seconds:.0f} s, timed in turn with the "
        f"first, {_timed(optimization)}, on {machine.cpu}, {machine.cores} cores, "
        f"load {machine.load:g} before"
    )
    if optimization.objective == "size":
        yield (
            "sizes are compared as they ship: compressed, with the engine; where they differ by less than "
            f"{SAME['size']:.1%}, the least loss is taken"
        )
    if optimization.stopped:
        yield f"stopped by --{optimization.stopped.replace('_', '-')}: a longer search may find more"
    yield from (f"note: {note}" for note in (*_codes(optimization), *optimization.notes))


def _timed(optimization: Optimization) -> str:
    many = optimization.rows_timed
    return "one row each" if many == 1 else f"{many} rows at once (times are for one of them)"


def _outcome(candidate: Candidate) -> str:
    return words.OUTCOMES[candidate.outcome]


def _chosen(candidate: Candidate, optimization: Optimization) -> bool:
    return candidate.id == optimization.chosen


def markdown(optimization: Optimization, names: Sequence[str] | None = None) -> Iterator[str]:
    """The rows as a table in Markdown."""
    heads = names or columns(optimization)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---' for _ in heads)}|"
    for candidate in tried(optimization):
        yield f"| {' | '.join(text.replace('|', '/') for text in row(candidate, optimization))} |"
