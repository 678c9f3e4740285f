"""The top of the report: each artifact in plain words, what it was made of, and how it compares."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from packager.html_report.section import Cell, Section, Table, figure, whole
from packager.html_report.subject import Built, Subject
from packager.html_report.units import amount, milliseconds, size
from packager.measurement import Bench, Ratio
from packager.report import OWN_ANSWERS

FIGURES = {
    "archive_bytes": "size of the zip",
    "unzipped_bytes": "size unzipped",
    "cold_ms": "cold start",
    "warm_latency_ms": "warm latency",
    "peak_memory_bytes": "peak memory",
}
OWN = "latency_to_engine_run"
"""The one ratio that is of the artifact alone."""
VERDICTS = {
    "smaller": "smaller",
    "larger": "larger",
    "equal": "no difference shown",
    "unstable": "none: unstable",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the summary, with what it is and what must be said beside it."""

    text: str
    what: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """One artifact in one sentence and a few figures."""

    label: str
    sentence: str
    tiles: tuple[Tile, ...]


def summary(subject: Subject) -> Summary:
    """`15.4 MB zip, starts in 47 ms, answers in 0.04 ms, 0 label flips in 256 rows`."""
    archive, found = subject.built.archive, subject.built.verification
    packed = "zip" if subject.is_function else "archive"
    words = [f"{size(archive.size_bytes)} {packed}"]
    tiles = [Tile(size(archive.size_bytes), packed, f"{size(archive.unzipped_bytes)} unzipped")]
    if fit := subject.built.fit:
        words.append(f"{size(fit.peak_memory_bytes)} of memory for {fit.device}")
        tiles.append(Tile(size(fit.peak_memory_bytes), "memory at its peak", fit.measured))
    if subject.benchmark:
        cold, warm = subject.benchmark.cold, subject.benchmark.warm
        starts, answers = milliseconds(cold.total_ms.p50), milliseconds(warm.latency_ms.p50)
        words += [
            f"starts in {starts}{_unless(cold.stable)}",
            f"answers in {answers}{_unless(warm.stable)}",
        ]
        tiles += [
            Tile(starts, "cold start to first answer", "" if cold.stable else "unstable: no verdict"),
            Tile(answers, "warm answer, median", "" if warm.stable else "unstable: no verdict"),
        ]
    flips = _plural(found.label_flips, "label flip")
    words.append(f"{flips} in {_plural(found.rows, 'row')}")
    origin = "of the samples" if found.source_of_rows == "samples" else "made from the signature"
    tiles.append(Tile(str(found.label_flips), f"label flips in {_plural(found.rows, 'row')}", origin))
    return Summary(subject.label, f"{', '.join(words)}.", tuple(tiles))


def _unless(stable: bool) -> str:
    return "" if stable else " (unstable)"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def section(subjects: Sequence[Subject]) -> Section:
    """What the artifacts were made of and how right they are, side by side; and measured ratios."""
    return Section(
        id="proof",
        title="Model and proof",
        lead="What was converted by what, and how the artifact's answers compare with the source model's.",
        tables=(_proof(subjects), *_ratios(subjects)),
        notes=tuple(dict.fromkeys(note for subject in subjects for note in _said(subject))),
    )


def _said(subject: Subject) -> Iterator[str]:
    """The build's notes, and against what an optimised model was proved."""
    if subject.optimization and subject.optimization.is_changed:
        yield f"{subject.label}: {OWN_ANSWERS}."
    yield from subject.built.notes


def _proof(subjects: Sequence[Subject]) -> Table:
    built = [subject.built for subject in subjects]

    def row(said: str, cell: Callable[[Built], Cell]) -> tuple[Cell, ...]:
        return (Cell(said), *(cell(one) for one in built))

    return Table(
        "Made of, and proved by",
        ("", *(subject.label for subject in subjects)),
        (
            row("model", lambda one: Cell(one.source.description)),
            row("read by", lambda one: Cell(f"{one.source.framework} {one.source.framework_version}")),
            row("size of the model file", lambda one: figure(one.source.size_bytes, amount)),
            row("converted by", lambda one: Cell(one.conversion.converter)),
            row("format", lambda one: Cell(_format(one))),
            row("run by", lambda one: Cell(one.verification.engine)),
            row("rows compared", lambda one: figure(one.verification.rows, whole)),
            row("rows from", lambda one: Cell(one.verification.source_of_rows)),
            row("label flips", lambda one: figure(one.verification.label_flips, whole)),
            row(
                "largest difference",
                lambda one: figure(one.verification.max_abs_error, lambda value: f"{value:.2g}"),
            ),
            row("the source's own score", _score),
            row("zip", lambda one: figure(one.archive.size_bytes, amount)),
            row("unzipped", lambda one: figure(one.archive.unzipped_bytes, amount)),
            row("sha256 of the zip", lambda one: Cell(f"{one.archive.sha256[:16]}…")),
            row("built by packager", lambda one: Cell(one.packager_version)),
        ),
    )


def _format(built: Built) -> str:
    opset = built.conversion.opset
    return f"{built.conversion.format}, opset {opset}" if opset else built.conversion.format


def _score(built: Built) -> Cell:
    score = built.accuracy
    return (
        Cell(f"{score.metric} {score.value:.4f} on {whole(score.rows)} rows", score.value)
        if score
        else Cell("–")
    )


def _ratios(subjects: Sequence[Subject]) -> tuple[Table, ...]:
    """A table for each that the artifact was measured against; the ratios stand in their order."""
    return tuple(
        table for subject in subjects if subject.bench for table in _ratios_of(subject, subject.bench)
    )


def _ratios_of(subject: Subject, bench: Bench) -> Iterator[Table]:
    _, *others = bench.measured
    pairs = [ratio for ratio in bench.ratios if ratio.figure != OWN]
    each = len(pairs) // len(others) if others else 0
    for place, other in enumerate(others):
        yield Table(
            f"{subject.label} against {other.name}: ratios with their 95 % intervals",
            ("figure", "ratio", "from", "to", "verdict"),
            tuple(_ratio_row(ratio) for ratio in pairs[place * each : (place + 1) * each]),
        )


def _ratio_row(ratio: Ratio) -> tuple[Cell, ...]:
    numbers = (
        figure(value, lambda value: f"{value:#.3g} ×") for value in (ratio.ratio, ratio.low, ratio.high)
    )
    said = FIGURES.get(ratio.figure, ratio.figure.replace("_", " "))
    return (Cell(said), *numbers, Cell(VERDICTS[ratio.verdict]))
