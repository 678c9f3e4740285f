"""Which engine runs the model: pure Python where that is right and quick enough, else a library."""

import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from packager import conversion, dependencies, probe, trial, verify
from packager.chosen import Chosen
from packager.config import Configuration
from packager.conversion import Conversion, Way
from packager.errors import ConfigError, ConversionError, DependencyError, VerificationError
from packager.model import EngineName, Format
from packager.probe import Case
from packager.progress import Steps
from packager.results import EngineChoice, Verification
from packager.targets import Target

TargetT = TypeVar("TargetT", bound=Target)
_RUNS, _WARM_UP = 30, 10
_BATCHES = 3
_FORMATS: dict[EngineName, Format] = {"onnxruntime": "onnx", "tiny": "onnx", "litert": "tflite"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the build asks for: an engine (None: the better one) and what tiny may take for one prediction."""

    engine: EngineName | None
    tiny_limit_ms: float
    tolerance: float | None


@dataclass(frozen=True, slots=True)
class _Trial:
    """What the shipped code showed in pure Python; ``found`` None: it was too slow to go on."""

    one_ms: float
    found: Verification | None


def asked(engine: EngineName | None, version: str, format: Format) -> EngineName | None:
    """The engine that is asked for, by its name or by a release of ONNX Runtime; None: the better one.

    One that does not run the format is refused before anything is converted.
    """
    if version != dependencies.AUTO:
        if engine not in (None, "onnxruntime"):
            raise ConfigError(
                f"engine_version is {version}, a release of ONNX Runtime, and the engine is {engine}",
                "leave one of them out",
            )
        engine = "onnxruntime"
    if engine is not None and _FORMATS[engine] != format:
        hint = "add --format tflite" if engine == "litert" else "leave the engine out: LiteRT runs it"
        raise ConfigError(f"the engine {engine} does not run {format} models", hint)
    return engine


def deciding(targets: Sequence[TargetT], format: Format) -> TargetT:
    """The target that the engine is chosen for: one that no library is published for, else the first."""
    kind = dependencies.kind_for(format)
    return next((one for one in targets if not dependencies.is_published(kind, one.platform)), targets[0])


def by_what_they_favour(configuration: Configuration) -> list[Configuration]:
    """The same build for the targets of a quick start, and for those of many rows: each has its engine."""
    targets = configuration.targets
    kinds = dict.fromkeys(target.favours for target in targets)
    if len(kinds) > 1 and configuration.optimize is not None:
        raise ConfigError(
            "optimize looks for what is best for one kind of target, and a batch job asks for something else "
            "than a function or a device",
            "build them one after the other",
        )
    groups = [tuple(target for target in targets if target.favours == kind) for kind in kinds]
    return [configuration.model_copy(update={"target": group}) for group in groups]


def others(parts: Sequence[Configuration], every: Sequence[Chosen]) -> list[str]:
    """Which engine answers in the targets that have another than the first."""
    return [
        f"the {part.targets[0].folder} artifact has another engine, {one.choice.engine}: {one.choice.why}"
        for part, one in list(zip(parts, every, strict=True))[1:]
    ]


def choose(
    wanted: Wanted, converted: Conversion, target: Target, job: Path, way: Way, steps: Steps
) -> tuple[Conversion, EngineChoice]:
    """The model as its engine takes it, with the reason. A forced engine that cannot is an error."""
    library = trial.ENGINES[converted.model.format]
    if wanted.engine is not None and wanted.engine != "tiny":
        return converted, EngineChoice(wanted.engine, "asked for")
    if not dependencies.is_published(dependencies.kind_for(converted.model.format), target.platform):
        return _without_library(replace(wanted, engine="tiny"), converted, target, job, way, steps)
    if library != "onnxruntime":
        return converted, EngineChoice(library, f"it runs {converted.model.format} models")
    if target.favours == "throughput" and wanted.engine is None:
        return converted, EngineChoice(library, "many rows at once: pure Python takes them one by one")
    with steps.step("engine") as step:
        step.say("trying pure Python")
        chosen, choice = _tiny_or(library, wanted, converted, target, job, way)
        step.detail = f"{choice.engine}: {choice.why}"
    return chosen, choice


def _without_library(
    wanted: Wanted, converted: Conversion, target: Target, job: Path, way: Way, steps: Steps
) -> tuple[Conversion, EngineChoice]:
    """For a processor that no library is published for: pure Python, however long it takes, or nothing."""
    kind, platform = dependencies.kind_for(converted.model.format), target.platform
    with steps.step("engine") as step:
        try:
            if converted.model.format != "onnx":
                raise ConversionError(f"pure Python does not run {converted.model.format} models")
            chosen, choice = _tiny_or(trial.ENGINES["onnx"], wanted, converted, target, job, way)
        except ConversionError as error:
            in_c = ", or --format c where the model is small" if converted.model.format == "onnx" else ""
            raise DependencyError(
                f"{dependencies.why_unpublished(kind, platform)}, and {error.message}",
                f"take a newer --runtime, or a --device with x86_64 or arm64 and a newer glibc{in_c}",
            ) from error
        why = f"{dependencies.why_unpublished(kind, platform)}; {choice.why.removeprefix('asked for; ')}"
        step.detail = f"tiny: {why}"
    return chosen, replace(choice, why=why)


def _tiny_or(
    library: EngineName, wanted: Wanted, converted: Conversion, target: Target, job: Path, way: Way
) -> tuple[Conversion, EngineChoice]:
    forced = wanted.engine == "tiny"
    try:
        tiny = conversion.for_tiny(converted, job, way)
    except ConversionError as error:
        if forced:
            raise
        return converted, EngineChoice(library, error.message)
    limit_ms = None if forced else wanted.tiny_limit_ms
    try:
        tried = _try(tiny, target, limit_ms, wanted.tolerance)
    except VerificationError as error:
        if forced:
            raise
        return converted, EngineChoice(library, f"tiny fails on this model: {error.message}")
    if tried.found is None:
        why = f"one prediction takes {tried.one_ms:.3f} ms in tiny, over the limit of {limit_ms:g} ms"
        return converted, EngineChoice(library, why)
    if not tried.found.passed and not forced:  # a forced one meets the build's own gate, which shows the rows
        return converted, EngineChoice(library, f"tiny answers otherwise: {tried.found.failure}")
    said = f"asked for; one prediction takes {tried.one_ms:.3f} ms"
    if not forced:
        said = f"one prediction takes {tried.one_ms:.3f} ms, under the limit of {limit_ms:g} ms"
    return tiny, EngineChoice("tiny", said)


def _try(tiny: Conversion, target: Target, limit_ms: float | None, tolerance: float | None) -> _Trial:
    """Time one row, then hold all rows to the source's answers, in the code that ships."""
    with tempfile.TemporaryDirectory(prefix="packager-engine-") as scratch:
        laid = trial.lay(Path(scratch, "root"), target, tiny)
        once, all_rows = Path(scratch, "once.json"), Path(scratch, "all.json")
        document = json.loads(tiny.reference.read_text(encoding="utf-8"))
        _write(once, document, document["cases"][:1] * (_WARM_UP + _RUNS))
        _write(all_rows, document, document["cases"] + document["cases"][-1:] * (_BATCHES - 1))
        runs_ms = trial.answers(laid, once).run_ms[_WARM_UP:]
        one_ms = statistics.median(runs_ms)
        if limit_ms is not None and one_ms > limit_ms:
            return _Trial(one_ms, None)
        answers = trial.answers(laid, all_rows)
    cases, signature = probe.read_cases(tiny.reference), tiny.model.signature
    one_ms = prediction_ms(runs_ms, answers.run_ms[-_BATCHES:], cases[-1])
    if limit_ms is not None and one_ms > limit_ms:
        return _Trial(one_ms, None)
    answers = replace(answers, outputs=answers.outputs[: len(cases)])
    allowed = verify.tolerances(signature, cases, tolerance)
    return _Trial(one_ms, verify.compare(cases, answers, signature, tiny.source_of_rows, allowed, "tiny"))


def prediction_ms(runs_ms: Sequence[float], batches_ms: Sequence[float], all_rows: Case) -> float:
    """What one prediction takes, of runs of the first row and of all rows at once. The first row may have a
    shorter text than most: the mean of all counts where that is more, of the run that was disturbed least."""
    sizes: list[int] = [array.shape[0] for array in all_rows.inputs.values() if array.ndim]
    return max(statistics.median(runs_ms), min(batches_ms) / max([1, *sizes]))


def _write(path: Path, document: dict[str, Any], cases: list[Any]) -> None:
    path.write_text(json.dumps({**document, "cases": cases}), encoding="utf-8")
