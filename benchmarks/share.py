"""Cold starts at the processor share of a Lambda memory size: raw times, since a throttled process waits."""

import statistics
from collections.abc import Sequence

from packager.benchmark.cold import cold_start
from packager.benchmark.subject import Subject
from packager.errors import ToolError
from packager.figures import has_settled, paired_ratio
from packager.measurement import Ratio
from packager.tuning.cgroups import limited, reason_for_none


def unavailable() -> ToolError | None:
    """Why shares cannot be set on this machine; None where they can."""
    return reason_for_none()


def compare(subjects: Sequence[Subject], memory_mb: int, rounds: int) -> tuple[Ratio, list[float]]:
    """The first subject's starts over the second's, and both medians in milliseconds."""
    times: list[list[float]] = [[] for _ in subjects]
    expected = [cold_start(subject.function, subject.event).answer for subject in subjects]
    for _ in range(rounds):
        for subject, answer, taken in zip(subjects, expected, times, strict=True):
            with limited(memory_mb, memory=False) as group:
                run = cold_start(subject.function, subject.event, answer, prepare=group.enter)
                taken.append(run.wall_ms - group.entering_ms)
    stable = all(map(has_settled, times))
    return paired_ratio("cold_ms", times[0], times[1], stable), [statistics.median(taken) for taken in times]
