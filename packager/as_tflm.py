"""An edge artifact for TFLite Micro: the model as an array, proved by that interpreter on this machine."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packager import codes, firmware, probe, verify, worker_request
from packager.chosen import Chosen
from packager.config import Configuration
from packager.conversion import Conversion
from packager.errors import AccuracyError, ConfigError
from packager.firmware import Micro
from packager.layout import Archive, IncludedFile, Layout
from packager.manifest import canonical_json, read_signature, signature_document
from packager.model import ModelFile
from packager.optimization import Scoring
from packager.probe import Answers, Case
from packager.progress import Steps
from packager.results import EngineChoice, Footprint, RowSource, Tolerance, Verification
from packager.targets import Target
from packager.targets.edge.profile import Microcontroller
from packager.targets.edge.target import Edge

FOLDER = "tflm"
GOLDEN, SIGNATURE = "golden.json", "signature.json"
ENGINE = "TFLite Micro's interpreter"
_NOT_MEASURED = "TFLite Micro's own code and kernels come on top in flash: what they take was not measured"
CHOICE = EngineChoice("litert", "TFLite Micro runs the model on the device")
STAND_IN = Edge(device="linux-x86_64")
"""Where LiteRT measures candidates: passes change answers and sizes there as they do on a part."""
_ONE_STEP = Tolerance(absolute=1.0, relative=0.0)
"""Of answers that are codes: TFLite Micro's kernels round by themselves."""


@dataclass(frozen=True, slots=True)
class Proved:
    """A model that TFLite Micro answers right with, and what it takes of the part."""

    model: ModelFile
    layout: Layout
    verification: Verification
    footprint: Footprint
    offline: bool
    notes: tuple[str, ...] = (_NOT_MEASURED,)

    @property
    def c_name(self) -> None:
        """There is nothing here to `make`: the user's own firmware has the interpreter."""

    def answers(self, cases: Path) -> Answers:
        """What TFLite Micro answers to a file of cases."""
        return firmware.run_tflm(self.model, cases, offline=self.offline).answers


def is_asked(configuration: Configuration) -> bool:
    """Whether a TFLite model is to run on a microcontroller."""
    targets = [target for target in configuration.targets if isinstance(target, Edge)]
    has_part = any(isinstance(target.profile, Microcontroller) for target in targets if target.device)
    return has_part and configuration.format != "c" and worker_request.format_of(configuration) == "tflite"


def check_request(configuration: Configuration) -> None:
    """Refuse what goes not together, before anything is converted."""
    if len(configuration.targets) != 1:
        raise ConfigError(
            "a model for TFLite Micro is built by itself, and this build has several targets",
            "build for the microcontroller alone: --target edge",
        )
    if configuration.engine not in ("auto", "litert") or configuration.engine_version != "auto":
        raise ConfigError(
            f"TFLite Micro runs the model, and the engine {configuration.engine} is asked for",
            "leave the engine out",
        )


def proved(target: Target, chosen: Chosen, configuration: Configuration, steps: Steps) -> Proved:
    """The model, with every row answered by TFLite Micro as the source model does; after passes, with no more
    lost by TFLite Micro than may be."""
    converted, profile, name = chosen.converted, _part(target), configuration.name
    model, notes = converted.model, [_NOT_MEASURED]
    cases: Sequence[Case] = probe.read_cases(converted.reference)
    with steps.step("device") as step:
        micro = firmware.run_tflm(model, converted.reference, step.say, configuration.offline)
        footprint = firmware.with_arena(model.size_bytes, micro.arena_bytes, profile)
        found = _compared(cases, micro, converted, configuration)
        if chosen.passes:
            notes.append(_lost(found, converted, configuration))
            cases = [
                replace(case, outputs=own) for case, own in zip(cases, micro.answers.outputs, strict=True)
            ]
            again = firmware.run_tflm(model, converted.reference, offline=configuration.offline)
            found = _compared(cases, again, converted, configuration)
        if not found.passed:
            raise verify.verification_error(found, verify.what_to_do(found))
        step.detail = (
            f"{found.rows} rows by {ENGINE}, largest difference {found.max_abs_error:.2g}; "
            f"{footprint.flash_bytes:,} bytes of flash, an arena of {footprint.ram_bytes:,} of RAM"
        )
    files = firmware.tflm_files(name, model, micro, profile, found.tolerance, converted.codes, _proof(found))
    return Proved(
        model, _layout(name, model, files, cases), found, footprint, configuration.offline, tuple(notes)
    )


def _compared(
    cases: Sequence[Case], micro: Micro, converted: Conversion, configuration: Configuration
) -> Verification:
    signature = converted.model.signature
    allowed = {
        **verify.tolerances(signature, cases, configuration.tolerance),
        **dict.fromkeys(micro.quantized, _ONE_STEP),
    }
    return verify.compare(cases, micro.answers, signature, converted.source_of_rows, allowed, ENGINE)


def _lost(beside: Verification, converted: Conversion, configuration: Configuration) -> str:
    """Candidates were judged by LiteRT, whose kernels round otherwise: what counts is what the part loses.

    AccuracyError where that is more than may be lost.
    """
    asked, rows = configuration.optimize, converted.evaluation
    if asked is None or rows is None:
        raise ConfigError("there are no rows to judge a changed model by", "give some with --samples")
    scoring = Scoring(rows, converted.source.signature, configuration.metric, asked.budget)

    def ask(cases: Path) -> Answers:
        return firmware.run_tflm(converted.model, cases, offline=configuration.offline).answers

    score, drop = scoring.of(codes.asked(converted.codes, rows.path, ask))
    said = f"by TFLite Micro its {score.metric} is {score.value:.4f} on {score.rows:,} rows"
    if not scoring.holds(drop):
        raise AccuracyError(
            f"{said}, and no more than {scoring.allowed} may be lost of the source model's",
            "nothing was written; allow more with --max-drop, or name other passes",
        )
    return f"{said}; LiteRT, by which it was chosen, answers {beside.max_abs_error:.2g} otherwise at most"


def _proof(found: Verification) -> str:
    return (
        f"{ENGINE} answers {found.rows} rows as `build.json` says: largest difference "
        f"{found.max_abs_error:.2g}, {found.label_flips} labels differ."
    )


def replayed(folder: Path, source_of_rows: RowSource, allowed: dict[str, Tolerance]) -> Verification:
    """Ask TFLite Micro the golden rows of an artifact again."""
    (path,) = (folder / FOLDER).glob("*.tflite")
    signature = read_signature(json.loads((folder / SIGNATURE).read_text(encoding="utf-8")))
    model = ModelFile(path, "tflite", signature, "", path.stat().st_size)
    golden = folder / GOLDEN
    micro = firmware.run_tflm(model, golden)
    return verify.compare(probe.read_cases(golden), micro.answers, signature, source_of_rows, allowed, ENGINE)


def _part(target: Target) -> Microcontroller:
    if isinstance(target, Edge) and isinstance(target.profile, Microcontroller):
        return target.profile
    raise ConfigError("TFLite Micro is for a microcontroller", "name one: --device cortex-m4")


def _layout(name: str, model: ModelFile, files: tuple[IncludedFile, ...], cases: Sequence[Case]) -> Layout:
    """The files of the firmware, the model itself, and the golden rows as `packager verify` asks them."""
    inside = tuple(file.under(FOLDER) for file in files)
    whole = IncludedFile(f"{FOLDER}/{firmware.prefix_of(name)}.tflite", model.path)
    with tempfile.TemporaryDirectory(prefix="packager-golden-") as folder:
        path = Path(folder) / GOLDEN
        probe.write_cases(path, cases)
        golden = IncludedFile(GOLDEN, canonical_json(probe.golden_document(path)))
    signed = IncludedFile(SIGNATURE, canonical_json(signature_document(model.signature)))
    return Layout("edge", (*inside, whole, golden, signed), (Archive(f"{name}.tar.gz", FOLDER, "tar.gz"),))
