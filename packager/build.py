"""The main job, as one sentence: load, convert, assemble, check, verify, put in place."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from packager import (
    assembly,
    bundle,
    conversion,
    dependencies,
    engine_choice,
    evidence,
    preflight,
    probe,
    sizes,
    tools,
    verify,
)
from packager.config import Configuration
from packager.conversion import Conversion, Way, default_format
from packager.errors import SamplesError
from packager.model import EngineName, Format
from packager.progress import Silence, Steps, Watcher
from packager.results import Artifact, BuildReport, EngineChoice, Verification
from packager.targets import Target
from packager.worker import Limits, WorkerRequest


def build(
    configuration: Configuration, watcher: Watcher | None = None, job: Path | None = None
) -> BuildReport:
    """Convert the model, then make, check and verify one artifact for each target.

    ``job``: a folder that keeps what the workers wrote. Raises a PackagerError; then nothing of the failed
    target is in the output folder.
    """
    began = time.monotonic()
    steps = Steps(watcher or Silence())
    targets = configuration.targets
    with tempfile.TemporaryDirectory(prefix="packager-") as scratch:
        job = job or Path(scratch) / "job"
        converted = _convert(configuration, targets, job, steps)
        converted, choice = _choose_engine(configuration, targets, converted, job, steps)
        made = [_make(target, converted, choice, configuration, steps) for target in targets]
    return BuildReport(
        name=configuration.name,
        artifacts=tuple(artifact for artifact, _ in made),
        verification=max((found for _, found in made), key=lambda found: found.max_abs_error),
        steps=steps.records,
        signature=converted.model.signature,
        seconds=round(time.monotonic() - began, 3),
        conversion=converted.record,
        engine=choice,
        accuracy=converted.accuracy,
        notes=converted.notes,
    )


def _convert(configuration: Configuration, targets: Sequence[Target], job: Path, steps: Steps) -> Conversion:
    """Convert once, for the oldest engine among the targets."""
    _engine(configuration)  # one that cannot run it is refused before the work begins
    takes = [dependencies.onnx_limits(target.platform, configuration.engine_version) for target in targets]
    request = WorkerRequest(
        action="convert",
        source=configuration.model,
        name=configuration.name,
        samples=_existing(configuration.samples),
        labels=_labels(configuration.labels),
        allow=configuration.allow,
        torch_model=configuration.torch_model,
        import_paths=(Path.cwd(), configuration.model.resolve().parent),
        max_opset=min(limits.max_opset for limits in takes),
        max_ml_opset=min(limits.max_ml_opset for limits in takes),
        max_ir_version=min(limits.max_ir_version for limits in takes),
        rows=configuration.rows,
        format=_format(configuration),
    )
    with steps.step("convert") as step:
        step.say(f"reading {configuration.model.name}")
        converted = conversion.convert(request, job, _way(configuration, step.say))
        record = converted.record
        opset = f", opset {record.opset}" if record.opset else ""
        step.detail = f"{converted.source.description} by {record.converter}: {record.format}{opset}"
    return converted


def _choose_engine(
    configuration: Configuration, targets: Sequence[Target], converted: Conversion, job: Path, steps: Steps
) -> tuple[Conversion, EngineChoice]:
    """Once for all targets, on the Python of the first."""
    wanted = engine_choice.Wanted(
        _engine(configuration), configuration.tiny_limit_ms, configuration.tolerance
    )
    way = _way(configuration, tools.silent)
    return engine_choice.choose(wanted, converted, targets[0], job, way, steps)


def _engine(configuration: Configuration) -> EngineName | None:
    """The engine that is asked for, if any; what it cannot run is refused."""
    named = None if configuration.engine == "auto" else configuration.engine
    return engine_choice.asked(named, configuration.engine_version, _format(configuration))


def _format(configuration: Configuration) -> Format:
    return configuration.format or default_format(configuration.model)


def _way(configuration: Configuration, say: tools.Progress) -> Way:
    limits = Limits(configuration.convert_timeout_s, configuration.convert_memory_mb)
    return Way(limits, configuration.worker, configuration.offline, say)


def _make(
    target: Target, converted: Conversion, choice: EngineChoice, configuration: Configuration, steps: Steps
) -> tuple[Artifact, Verification]:
    """Assemble one target's artifact beside its place; it takes the place when every check has passed."""
    with steps.step("assemble") as step:
        assembled = assembly.assemble(target, converted, configuration, step.say)
        platform = target.platform
        files = len(assembled.layout.entries)
        where = f"{target.folder} for {platform.arch}, Python {platform.python}"
        step.detail = f"{where}, {assembled.engine}: {files} files"
    found: list[Verification] = []
    grown: list[str] = []
    dest = configuration.output / configuration.name / target.folder

    def judge(stage: Path, archives: tuple[bundle.WrittenArchive, ...]) -> None:
        grown.extend(sizes.growth(dest / evidence.FILE_NAME, archives))
        here = assembly.on_this_machine(target, stage)
        _preflight(target, here.root, steps)
        found.append(_verify(here, converted, configuration, steps))
        findings = evidence.Findings(found[-1], archives, assembled.trimmed)
        evidence.write(stage, configuration, target, converted, choice, findings)

    with steps.step("package") as step:
        (archive,) = bundle.write(assembled.layout, dest, judge, step.say)
        step.detail = str(archive.path)
    notes = (*assembled.notes, *assembled.layout.notes, *archive.notes, *grown)
    return Artifact(
        target=target.folder,
        path=dest,
        archive=archive.path,
        size_bytes=archive.size_bytes,
        unzipped_bytes=archive.unzipped_bytes,
        sha256=archive.sha256,
        notes=notes,
        runs_here=platform.arch == tools.host_arch(),
    ), found[-1]


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


def _existing(samples: Path | None) -> Path | None:
    if samples is not None and not samples.is_file():
        raise SamplesError(f"there are no samples at {samples}", "check the path")
    return samples


def _labels(labels: str | None) -> str | None:
    """A file if there is one of that name, else a column of the samples."""
    return str(Path(labels).resolve()) if labels and Path(labels).is_file() else labels
