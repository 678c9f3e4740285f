"""The job of `packager tune`: measure an artifact at Lambda's memory sizes, price them, recommend."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager import evidence, machine, prices
from packager.benchmark.subject import Asked, Subject, open_subject
from packager.errors import ConfigError
from packager.invoke.template import read_function
from packager.measurement import MemoryPoint, Tuning
from packager.progress import Silence, Steps, Watcher
from packager.runtime_api import FULL_CPU_MB
from packager.targets.aws_lambda import quotas
from packager.tools import Progress
from packager.tuning import cgroups, choices, notes, points
from packager.tuning.measure import Trial, false_share, measure, processors


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: ``memory_mb`` are sizes beside the usual ones; without ``event`` the artifact's own."""

    artifact: Path
    latency_ms: float | None = None
    memory_mb: tuple[int, ...] = ()
    region: str = prices.DEFAULT_REGION
    price_file: Path | None = None
    event: Path | None = None
    rounds: int = 5
    requests: int = 20


def tune(question: Question, watcher: Watcher | None = None, sizes: Sequence[int] = points.SIZES) -> Tuning:
    """Measure, extrapolate, price and choose. Raises a PackagerError; nothing is written."""
    wanted = sorted({*sizes, *_checked(question.memory_mb)})
    target = evidence.function_of(question.artifact)
    table = prices.load(question.price_file, question.region, target.arch, target.ephemeral_mb)
    steps = Steps(watcher or Silence())
    with tempfile.TemporaryDirectory(prefix="packager-tune-") as scratch, steps.step("measure") as step:
        subject = open_subject(question.artifact, Asked(event=question.event), Path(scratch), step.say)
        here = machine.describe(subject.function.python)
        found, how = _points(_trial(subject, question), wanted, table, step.say)
        step.detail = f"{sum(point.origin != 'extrapolated' for point in found)} of {len(found)} memory sizes"
    return Tuning(
        machine=here,
        name=subject.name,
        path=str(question.artifact),
        archive_sha256=subject.archive_sha256,
        arch=target.arch,
        points=found,
        choices=choices.choose(found, question.latency_ms),
        latency_target_ms=question.latency_ms,
        prices=table.sentence(),
        notes=(*notes.busy(here), *how, *notes.advice(found, question.latency_ms)),
    )


def _checked(sizes: Sequence[int]) -> Sequence[int]:
    limits = quotas.limits()
    least, most = limits.memory_mb
    for size in sizes:
        if not least <= size <= most:
            takes = f"AWS Lambda takes {least} to {most} (as of {limits.date})"
            raise ConfigError(f"--memory-mb has {size}, and {takes}", "give sizes within that")
    return sizes


def _trial(subject: Subject, question: Question) -> Trial:
    timeout_s = read_function(question.artifact).timeout_s
    function, event, check = subject.function, subject.event, subject.check
    return Trial(function, event, check, timeout_s, question.rounds, question.requests)


def _points(
    trial: Trial, wanted: Sequence[int], table: prices.Prices, say: Progress
) -> tuple[tuple[MemoryPoint, ...], tuple[str, ...]]:
    """The table of sizes, and how it came about."""
    refused = cgroups.reason_for_none()
    cores = processors()
    if refused is not None:
        (seen,) = measure(trial, [FULL_CPU_MB], say, limits=False).values()
        return points.without_limits(seen, wanted, cores, table), notes.without_limits(refused, cores)
    doubt = false_share()
    sizes = [size for size in wanted if cgroups.cpu_share(size) <= cores]
    found = measure(trial, sizes or [FULL_CPU_MB], say)
    return points.under_limits(found, wanted, table), notes.under_limits(doubt, found, wanted)
