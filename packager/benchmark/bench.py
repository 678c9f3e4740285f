"""`packager bench`: cold starts in turn until they settle, their parts, warm requests, ratios of pairs."""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from packager import machine
from packager.benchmark import warm
from packager.benchmark.cold import ColdRun, cold_start
from packager.benchmark.subject import Subject, check_alike
from packager.benchmark.trace import traced
from packager.benchmark.warm import Asked, Series
from packager.errors import BenchmarkError
from packager.figures import (
    WINDOWS_SETTLED,
    distribution,
    exact_ratio,
    has_settled,
    paired_ratio,
)
from packager.measurement import COLD_PARTS, Bench, Benchmark, ColdPart, ColdStart, Ratio
from packager.progress import Silence, Step, Steps, Watcher

ROUNDS, WARM = 60, 1000
_MOST_S = 300.0
"""Cold starts go on no longer than this, whatever the rounds."""
_TRACED_ROUNDS = 5
_LOOK_EVERY = 5
NOT_CORRECTED = (
    "this system does not say how long a process waited for a processor: the times are of the wall clock"
)
NOT_GOLDEN = "{name}: the answers were compared with one another, not with a source model's"


@dataclass(slots=True)
class Runs:
    """What was measured of one subject so far. ``expected`` is the first answer, which was judged."""

    subject: Subject
    expected: bytes
    cold: list[ColdRun] = field(default_factory=list)
    shares: list[dict[ColdPart, float]] = field(default_factory=list)
    peak_memory_bytes: int = 0
    threads: int = 0
    warm: Series = field(default_factory=Series)

    @property
    def times(self) -> list[float]:
        """Cold starts in milliseconds, without the waits for a processor."""
        return [run.total_ms for run in self.cold]

    def keep(self, peak_memory_bytes: int, threads: int) -> None:
        """The most that any process took."""
        self.peak_memory_bytes = max(self.peak_memory_bytes, peak_memory_bytes)
        self.threads = max(self.threads, threads)


def bench(
    subjects: Sequence[Subject], rounds: int = ROUNDS, calls: int = WARM, watcher: Watcher | None = None
) -> Bench:
    """Measure the subjects in turn: at most ``rounds`` cold starts each, and at least ``calls`` warm calls.

    Raises BenchmarkError at the first wrong answer. Ratios are of the first subject over each other one.
    """
    here = machine.describe(subjects[0].function.python)
    measured = measure(subjects, rounds, calls, watcher)
    found = tuple(_benchmark(one) for one in measured)
    ratios = [*_own_ratio(measured[0])]
    for other in measured[1:]:
        ratios += ratios_of(measured[0], other)
    return Bench(here, len(measured[0].cold), found, tuple(ratios), _notes(measured))


def measure(
    subjects: Sequence[Subject], rounds: int, calls: int, watcher: Watcher | None = None
) -> list[Runs]:
    """All runs of the subjects, in turn."""
    steps = Steps(watcher or Silence())
    with steps.step("cold") as step:
        measured = [Runs(subject, _first_answer(subject)) for subject in subjects]
        _cold(measured, rounds, step)
        step.detail = _summary(measured, [statistics.median(one.times) for one in measured])
    with steps.step("parts") as step:
        _parts(measured, step)
        step.detail = f"{_TRACED_ROUNDS} traced starts each"
    with steps.step("warm") as step:
        _warm(measured, calls, step)
        step.detail = _summary(measured, [statistics.median(one.warm.windows_ms) for one in measured])
    return measured


def _first_answer(subject: Subject) -> bytes:
    """The first start warms the page cache and is not counted; its answer is what all others must be."""
    answer = cold_start(subject.function, subject.event).answer
    try:
        subject.check(answer)
    except BenchmarkError as error:
        raise BenchmarkError(f"{subject.name}: {error.message}", error.hint, error.details) from error
    return answer


def _cold(measured: Sequence[Runs], rounds: int, step: Step) -> None:
    """In turn, every other round backwards: what changes on the machine meanwhile meets all alike."""
    deadline = time.monotonic() + _MOST_S
    for number in range(1, rounds + 1):
        for one in measured if number % 2 else reversed(measured):
            run = cold_start(one.subject.function, one.subject.event, one.expected)
            one.cold.append(run)
            one.keep(run.peak_memory_bytes, run.threads)
        if number % _LOOK_EVERY == 0:
            step.say(f"round {number}: {_summary(measured, [one.times[-1] for one in measured])}")
            if time.monotonic() > deadline or all(has_settled(one.times) for one in measured):
                return


def _parts(measured: Sequence[Runs], step: Step) -> None:
    """Starts by the launcher that notes the parts. Their totals are not used, but the shares of the parts."""
    step.say(f"{_TRACED_ROUNDS} traced starts")
    for _ in range(_TRACED_ROUNDS):
        for one in measured:
            with traced(one.subject.function) as started:
                parts = started.start(one.subject.event, one.expected)
            total = sum(parts.values())
            one.shares.append({part: taken / total for part, taken in parts.items()})


def _warm(measured: Sequence[Runs], calls: int, step: Step) -> None:
    asked = [Asked(one.subject.function, one.subject.event, one.expected) for one in measured]
    for one, series in zip(measured, warm.measure(asked, calls, step.say), strict=True):
        one.warm = series
        one.keep(max(series.peaks_bytes), max(series.threads))


def _benchmark(one: Runs) -> Benchmark:
    subject = one.subject
    return Benchmark(
        name=subject.name,
        path=str(subject.path),
        archive_sha256=subject.archive_sha256,
        engine=subject.engine,
        archive_bytes=subject.archive_bytes,
        unzipped_bytes=subject.unzipped_bytes,
        model_bytes=subject.model_bytes,
        cold=ColdStart(
            total_ms=distribution(one.times),
            wall_ms=distribution([run.wall_ms for run in one.cold]),
            parts_ms=_parts_ms(one),
            stable=has_settled(one.times),
        ),
        warm=one.warm.warm(),
        peak_memory_bytes=one.peak_memory_bytes,
        threads=one.threads,
    )


def _parts_ms(one: Runs) -> dict[ColdPart, float]:
    """The medians of the parts' shares in traced starts, of the median of the starts without a trace."""
    present = [part for part in COLD_PARTS if all(part in shares for shares in one.shares)]
    middle = {part: statistics.median(shares[part] for shares in one.shares) for part in present}
    scale = statistics.median(one.times) / sum(middle.values())
    return {part: share * scale for part, share in middle.items()}


def _own_ratio(one: Runs) -> Iterator[Ratio]:
    per_run = one.warm.engine_ratios
    if per_run:
        yield paired_ratio("latency_to_engine_run", per_run, [1.0] * len(per_run), one.warm.settled)


def ratios_of(mine: Runs, other: Runs) -> list[Ratio]:
    """The one's figures over the other's; what varies is paired run by run."""
    ratios = [
        exact_ratio("archive_bytes", mine.subject.archive_bytes, other.subject.archive_bytes),
        exact_ratio("unzipped_bytes", mine.subject.unzipped_bytes, other.subject.unzipped_bytes),
        paired_ratio(
            "cold_ms", mine.times, other.times, has_settled(mine.times) and has_settled(other.times)
        ),
    ]
    ratios.append(warm_ratio(mine.warm, other.warm))
    peaks = mine.warm.peaks_bytes, other.warm.peaks_bytes
    if all(map(min, peaks)):  # else the system does not say
        ratios.append(paired_ratio("peak_memory_bytes", *peaks, stable=True))
    return ratios


def warm_ratio(mine: Series, other: Series) -> Ratio:
    """The one's latency over the other's, window by window."""
    settled = mine.settled and other.settled
    return paired_ratio("warm_latency_ms", mine.windows_ms, other.windows_ms, settled, WINDOWS_SETTLED)


def _notes(measured: Sequence[Runs]) -> tuple[str, ...]:
    notes = []
    if not all(run.corrected for one in measured for run in one.cold):
        notes.append(NOT_CORRECTED)
    notes += [
        NOT_GOLDEN.format(name=one.subject.name) for one in measured if one.subject.check is check_alike
    ]
    return tuple(notes)


def _summary(measured: Sequence[Runs], times_ms: Sequence[float]) -> str:
    said = (f"{one.subject.name} {time_ms:.3g} ms" for one, time_ms in zip(measured, times_ms, strict=True))
    return ", ".join(said)
