"""What the sections on time share: every benchmark under its label, and what must be said about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packager.html_report.section import Missing, command
from packager.html_report.subject import Subject
from packager.measurement import Benchmark


@dataclass(frozen=True, slots=True)
class Measured:
    """One benchmark and the label that it has in charts and tables."""

    label: str
    benchmark: Benchmark


def measured(subjects: Sequence[Subject], *, others: bool) -> tuple[Measured, ...]:
    """The subjects' benchmarks, with ``others`` also those that they were measured against."""
    found: list[Measured] = []
    for subject in subjects:
        for place, benchmark in enumerate(subject.bench.measured if subject.bench else ()):
            if place == 0:
                found.append(Measured(subject.label, benchmark))
            elif others:
                found.append(Measured(_other_label(benchmark, subject, len(subjects)), benchmark))
    return tuple(found)


def _other_label(benchmark: Benchmark, subject: Subject, subjects: int) -> str:
    """The other's name; beside several subjects, and where both have one name, with what tells them apart."""
    if benchmark.name == subject.label:
        return f"{benchmark.name} ({benchmark.path})"
    return f"{benchmark.name} (beside {subject.label})" if subjects > 1 else benchmark.name


def missing(subjects: Sequence[Subject]) -> tuple[Missing, ...]:
    """The command for every subject that has no benchmark."""
    return tuple(
        Missing(
            f"the cold start and the latency of {subject.label}",
            command("packager", "bench", subject.path, "--save", subject.path.parent / "bench.json"),
        )
        for subject in subjects
        if subject.is_function and not subject.bench
    )


def unsettled(every: Sequence[Measured], what: str, stable: Callable[[Benchmark], bool]) -> tuple[str, ...]:
    """One sentence for each measurement from which nothing may be concluded."""
    return tuple(
        f"The {what} of {one.label} is unstable: it did not settle, so nothing may be concluded from it."
        for one in every
        if not stable(one.benchmark)
    )


def remarks(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """Where it was measured, in how many rounds, and what the benchmark itself remarks."""
    said: list[str] = []
    for subject in subjects:
        if subject.bench:
            machine = subject.bench.machine
            said.append(
                f"{subject.label}: {subject.bench.rounds} rounds on {machine.cpu} ({machine.cores} cores, "
                f"{machine.arch}), {machine.kernel}, Python {machine.python}, load {machine.load:.1f}."
            )
            said += subject.bench.notes
    return tuple(dict.fromkeys(said))
