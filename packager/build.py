"""The main job, as one sentence: load, convert, optimize, assemble, check, verify, put in place."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from packager import (
    as_c,
    as_tflm,
    assembly,
    bundle,
    codes,
    conversion,
    engine_choice,
    evidence,
    fitting,
    job_proof,
    optimization,
    preflight,
    probe,
    row_by_row,
    sizes,
    tools,
    verify,
    worker_request,
)
from packager.chosen import Chosen
from packager.config import Configuration
from packager.conversion import Conversion
from packager.errors import AccuracyError, SamplesError
from packager.evidence import Findings
from packager.optimization import Scoring, Shipping, Task
from packager.optimized import Score
from packager.probe import Answers
from packager.progress import Silence, Steps, Watcher
from packager.results import Artifact, BuildReport, Verification
from packager.targets import AnyTarget, Target
from packager.targets.edge.target import Edge


def build(
    configuration: Configuration, watcher: Watcher | None = None, job: Path | None = None
) -> BuildReport:
    """Convert the model, then make, check and verify one artifact for each target.

    ``job``: a folder that keeps what the workers wrote. Raises a PackagerError; then nothing of the failed
    target is in the output folder.
    """
    began, configuration = time.monotonic(), as_c.by_default(configuration)
    steps = Steps(watcher or Silence())
    with tempfile.TemporaryDirectory(prefix="packager-") as scratch:
        job = job or Path(scratch) / "job"
        parts = engine_choice.by_what_they_favour(configuration)
        converted = _convert(configuration, job, steps)
        made: list[tuple[Artifact, Findings]] = []
        every: list[Chosen] = []
        for part in parts:
            with _chosen(part, converted, job, steps) as chosen:
                made += [_make(target, chosen, part, steps) for target in part.targets]
                every.append(chosen)
    shown = max((found for _, found in made), key=lambda found: found.verification.max_abs_error)
    return BuildReport(
        name=configuration.name,
        artifacts=tuple(artifact for artifact, _ in made),
        verification=shown.verification,
        steps=steps.records,
        signature=every[0].converted.model.signature,
        seconds=round(time.monotonic() - began, 3),
        conversion=converted.record,
        engine=every[0].choice,
        accuracy=converted.accuracy,
        artifact_score=shown.score,
        source_score=shown.source_score,
        notes=(*converted.notes, *engine_choice.others(parts, every)),
        optimization=every[0].optimization,
    )


def _convert(configuration: Configuration, job: Path, steps: Steps) -> Conversion:
    """Convert once, for all targets."""
    if configuration.format == "c":
        as_c.check_request(configuration)
    elif as_tflm.is_asked(configuration):
        as_tflm.check_request(configuration)
    else:
        _ = [target.linux for target in configuration.targets if isinstance(target, Edge)]
    _wanted(configuration)  # an engine that cannot run it is refused before the work begins
    request = worker_request.conversion_of(configuration)
    with steps.step("convert") as step:
        step.say(f"reading {configuration.model.name}")
        converted = conversion.convert(request, job, worker_request.way(configuration, step.say))
        record = converted.record
        opset = f", opset {record.opset}" if record.opset else ""
        step.detail = f"{converted.source.description} by {record.converter}: {record.format}{opset}"
    least, rows = configuration.min_accuracy, converted.evaluation
    if least is not None and not (rows and rows.labelled):
        raise SamplesError(
            f"min_accuracy is {least:g}, and this model decides several targets: one label for each "
            "row is not the truth of its answers",
            "leave --min-accuracy out",
        )
    return converted


@contextmanager
def _chosen(configuration: Configuration, converted: Conversion, job: Path, steps: Steps) -> Iterator[Chosen]:
    """What ships, by the engine that suits it on the target that decides: as converted, or as optimised.

    What a search has tried is kept until the artifact is there.
    """
    wanted, way = _wanted(configuration), worker_request.way(configuration)
    if configuration.format == "c":
        yield Chosen(*as_c.translated(converted, job, way, steps))
        return
    if as_tflm.is_asked(configuration):
        if configuration.optimize is None:
            yield Chosen(converted, as_tflm.CHOICE)
            return
        target: AnyTarget = as_tflm.STAND_IN
    else:
        target = engine_choice.deciding(configuration.targets, converted.model.format)
    if configuration.optimize is None:
        yield Chosen(*engine_choice.choose(wanted, converted, target, job, way, steps))
        return
    asked, version, favour = configuration.optimize, configuration.engine_version, configuration.favour
    task = Task(
        asked=asked,
        shipping=Shipping(target, wanted, version, favour, asked.objective),
        metric=configuration.metric,
        request=worker_request.conversion_of(configuration),
        oldest=worker_request.oldest(configuration),
        way=way,
        output=configuration.output / configuration.name,
        scratch=job / "optimization",
    )
    with optimization.journal_of(task, converted) as journal:
        yield optimization.optimize(task, converted, journal, steps)


def _wanted(configuration: Configuration) -> engine_choice.Wanted:
    """The engine that is asked for, if any; what it cannot run is refused."""
    named = None if configuration.engine == "auto" else configuration.engine
    format, version = worker_request.format_of(configuration), configuration.engine_version
    engine = engine_choice.asked(named, version, format)
    return engine_choice.Wanted(engine, configuration.tiny_limit_ms, configuration.tolerance)


def _make(
    target: Target, chosen: Chosen, configuration: Configuration, steps: Steps
) -> tuple[Artifact, Findings]:
    """Assemble one target's artifact beside its place; it takes the place when every check has passed."""
    converted = chosen.converted
    if configuration.format == "c":
        proved_c = as_c.proved(target, converted, configuration, steps)
        return _make_source(target, chosen, configuration, steps, proved_c)
    if as_tflm.is_asked(configuration):
        proved = as_tflm.proved(target, chosen, configuration, steps)
        return _make_source(target, chosen, configuration, steps, proved)
    with steps.step("assemble") as step:
        assembled = assembly.assemble(target, converted, configuration, step.say)
        platform = target.platform
        files = len(assembled.layout.entries)
        where = f"{target.folder} for {platform.arch}, Python {platform.python}"
        step.detail = f"{where}, {assembled.engine}: {files} files"
    found: list[Findings] = []
    grown: list[str] = []
    dest = configuration.output / configuration.name / target.folder

    def judge(stage: Path, archives: tuple[bundle.WrittenArchive, ...]) -> None:
        grown.extend(sizes.growth(dest / evidence.FILE_NAME, archives))
        here = assembly.on_this_machine(target, stage)
        _preflight(target, here.root, steps)
        verified = _verify(here, converted, configuration, steps)
        run_by = (here.python, here.library)
        job_proof.check(target, here.root, run_by, converted, configuration, steps)
        fit = fitting.check(target, here.root, run_by, converted, steps)

        def ask(cases: Path) -> Answers:
            return probe.run(here.root, cases, here.python, preflight.ReadOnly(), here.library)

        score, source_score = _scores(ask, converted, configuration, steps)
        found.append(Findings(verified, archives, assembled.trimmed, score, source_score, fit))
        evidence.write(stage, configuration, target, chosen, found[-1])

    with steps.step("package") as step:
        archive, *_ = bundle.write(assembled.layout, dest, judge, step.say)
        step.detail = str(archive.path)
    notes = (*assembled.notes, *assembled.layout.notes, *archive.notes, *grown)
    made = _artifact(target, dest, archive, notes)
    return replace(made, runs_here=platform.arch == tools.host_arch(), fit=found[-1].fit), found[-1]


def _make_source(
    target: Target,
    chosen: Chosen,
    configuration: Configuration,
    steps: Steps,
    proved: as_c.Proved | as_tflm.Proved,
) -> tuple[Artifact, Findings]:
    """The same of what becomes a part of the user's firmware: it was proved before anything is written."""
    score, source_score = _scores(proved.answers, chosen.converted, configuration, steps)
    found: list[Findings] = []
    dest = configuration.output / configuration.name / target.folder

    def judge(stage: Path, archives: tuple[bundle.WrittenArchive, ...]) -> None:
        verified, footprint = proved.verification, proved.footprint
        found.append(Findings(verified, archives, (), score, source_score, footprint=footprint))
        evidence.write(stage, configuration, target, chosen, found[-1])

    with steps.step("package") as step:
        (archive,) = bundle.write(proved.layout, dest, judge, step.say)
        step.detail = str(archive.path)
    made = _artifact(target, dest, archive, (*proved.notes, *archive.notes))
    return replace(made, c_name=proved.c_name, footprint=proved.footprint), found[-1]


def _artifact(target: Target, dest: Path, archive: bundle.WrittenArchive, notes: tuple[str, ...]) -> Artifact:
    return Artifact(
        target=target.folder,
        path=dest,
        archive=archive.path,
        size_bytes=archive.size_bytes,
        unzipped_bytes=archive.unzipped_bytes,
        sha256=archive.sha256,
        notes=notes,
    )


def _preflight(target: Target, root: Path, steps: Steps) -> None:
    with steps.step("preflight") as step:
        checked = preflight.check(root, target.platform)
        platform = target.platform
        fit = "1 shared library fits" if len(checked) == 1 else f"{len(checked)} shared libraries fit"
        step.detail = f"{fit} {platform.arch} and glibc {platform.glibc}"
        if not checked:
            step.detail = "no shared libraries: it runs on every processor"


def _verify(
    here: assembly.Here, converted: Conversion, configuration: Configuration, steps: Steps
) -> Verification:
    """Run the shipped code on the reference rows, read-only and with an empty environment."""
    with steps.step("verify") as step:
        cases = probe.read_cases(converted.reference)
        answers = probe.run(here.root, converted.reference, here.python, preflight.ReadOnly(), here.library)
        signature = converted.model.signature
        tolerance = verify.tolerances(signature, cases, configuration.tolerance)
        found = verify.compare(cases, answers, signature, converted.source_of_rows, tolerance, here.engine)
        if not found.passed:
            raise verify.verification_error(found, verify.what_to_do(found))
        step.detail = (
            f"{found.rows} rows, {found.label_flips} flips, largest difference {found.max_abs_error:.2g}"
        )
    return found


def _scores(
    ask: Callable[[Path], Answers], converted: Conversion, configuration: Configuration, steps: Steps
) -> tuple[Score, Score] | tuple[None, None]:
    """How right the artifact and the source are, where the truth is known; AccuracyError below what is asked
    for of the artifact."""
    if converted.evaluation is None or not converted.evaluation.labelled or configuration.metric == "cosine":
        return None, None  # directions are compared with the source's, whatever the labels say
    with steps.step("accuracy") as step:
        scoring = Scoring(converted.evaluation, converted.source.signature, configuration.metric, None)

        def ask_rows(cases: Path) -> Answers:
            return codes.asked(converted.codes, cases, ask)

        answers = row_by_row.asked(converted.model, converted.evaluation.path, ask_rows)
        score, _ = scoring.of(answers)
        step.detail = f"{score.metric} {score.value:.4f} on {score.rows:,} labelled rows"
        least = configuration.min_accuracy
        if least is not None and not scoring.reaches(score, least):
            raise AccuracyError(
                f"the artifact's {score.metric} is {score.value:.4f} on {score.rows:,} rows, and "
                f"{'at most' if scoring.is_error else 'at least'} {least:g} is asked for",
                "nothing was written; train the model on, or ask for less with --min-accuracy",
            )
    return score, scoring.source
