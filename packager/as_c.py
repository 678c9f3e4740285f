"""An edge artifact that is C source: generated, proved on this machine, held to the microcontroller."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager import conversion, firmware, probe, verify
from packager.config import Configuration
from packager.conversion import Conversion, Way
from packager.errors import ConfigError, ConversionError
from packager.firmware import Generated, mixed
from packager.layout import Archive, IncludedFile, Layout
from packager.probe import Answers, Case
from packager.progress import Steps
from packager.results import EngineChoice, Footprint, RowSource, Tolerance, Verification
from packager.targets import Target
from packager.targets.edge.profile import Microcontroller
from packager.targets.edge.target import Edge

FOLDER = "c"
MADE = f"{FOLDER}/build/"
"""What `make` leaves behind in the folder: no part of the artifact, and no harm to it."""
_FLASH_FOR_RAM = 4
"""How much more flash than RAM parts have."""
_OTHERS = (
    "build for a device with Linux, whose engines have it (--device linux-arm64), or of torch and keras "
    "for TFLite Micro (--format tflite)"
)
_SINGLE = (
    "from its first product on it computes in single precision, where the source model computes in double: "
    "every row is within the build's tolerance of the source model, and {rows} more, mixed of these, are of "
    "the same C in double"
)
_DOUBLE = (
    "in single precision its sums were further from the source model than the build allows, so they are "
    "computed in double: it takes more time on a part that has no double precision"
)


_NOTES = {"single": (_SINGLE.format(rows=mixed.ROWS),), "own": (), "double": (_DOUBLE,)}


@dataclass(frozen=True, slots=True)
class Proved:
    """Generated C with what was shown of it; ``footprint`` is that of a microcontroller."""

    generated: Generated
    layout: Layout
    verification: Verification
    footprint: Footprint | None
    notes: tuple[str, ...]

    @property
    def c_name(self) -> str:
        """What its files are called."""
        return self.generated.name

    def answers(self, cases: Path) -> Answers:
        """What the C answers here to a file of cases."""
        return firmware.answers(self.generated, probe.read_cases(cases))


def by_default(configuration: Configuration) -> Configuration:
    """C where no format is named, every target is a microcontroller, and the model is no TFLite model."""
    targets = [target for target in configuration.targets if isinstance(target, Edge) and target.device]
    parts = [target for target in targets if isinstance(target.profile, Microcontroller)]
    if configuration.format is not None or len(parts) < len(configuration.targets):
        return configuration
    if conversion.default_format(configuration.model) != "onnx":
        return configuration
    return configuration.model_copy(update={"format": "c"})


def check_request(configuration: Configuration) -> None:
    """Refuse what C cannot be built with, before anything is converted."""
    others = [target.folder for target in configuration.targets if not isinstance(target, Edge)]
    if others:
        raise ConfigError(f"C is for a device, and this build is for {others[0]}", "add --target edge")
    if configuration.engine not in ("auto", "tiny") or configuration.engine_version != "auto":
        raise ConfigError(
            f"C runs without an engine, and {configuration.engine} is asked for", "leave the engine out"
        )
    if configuration.optimize is not None:
        raise ConfigError(
            "optimize measures candidates in an engine, and C runs without one",
            "optimize for a device with Linux and --keep-candidates, then build C of the candidate's file",
        )
    for target in configuration.targets:
        if isinstance(target, Edge):
            _ = target.profile  # a device that there is not is said now


def translated(converted: Conversion, job: Path, way: Way, steps: Steps) -> tuple[Conversion, EngineChoice]:
    """The model as the steps of the engine tiny, which C is written of."""
    with steps.step("engine") as step:
        try:
            tiny = conversion.for_tiny(converted, job, way)
        except ConversionError as error:
            raise _in_words_of_c(error) from None
        choice = EngineChoice("tiny", "its steps are written as C")
        step.detail = choice.why
    return tiny, choice


def _in_words_of_c(error: ConversionError) -> ConversionError:
    """What the engine tiny lacks, C does; and another engine is no way out on a part."""
    lacking = error.message.removeprefix("tiny has no ")
    if lacking == error.message:
        return error
    return ConversionError(f"C has no {lacking}", _OTHERS, error.details)


def proved(target: Target, converted: Conversion, configuration: Configuration, steps: Steps) -> Proved:
    """C that answers every row as the source model does, here and on the part where one is emulated."""
    cases = probe.read_cases(converted.reference)
    tolerance = verify.tolerances(converted.model.signature, cases, configuration.tolerance)
    with steps.step("generate") as step:
        generated, found = answering(converted, configuration.name, cases, tolerance)
        step.detail = (
            f"{generated.name}.c: {generated.table_bytes:,} bytes of tables, "
            f"{generated.static_bytes:,} of RAM; {_told(found)}"
        )
    notes = _NOTES[generated.precision]
    profile = target.profile if isinstance(target, Edge) else None
    laid = _layout(configuration.name, generated)
    if not isinstance(profile, Microcontroller):
        return Proved(generated, laid, found, None, notes)
    with steps.step("device") as step:
        step.say(f"linking for {profile.name}, and asking an emulated board")
        checked = firmware.check(generated, profile, generated.coding.sent(cases))
        if checked.answers is not None:
            answers = generated.coding.answered(checked.answers)
            found = _judged(converted, cases, answers, tolerance, f"C on an emulated {profile.cpu}")
        step.detail = _fit(checked.footprint, profile) or checked.not_shown[0]
    return Proved(generated, laid, found, checked.footprint, (*notes, *checked.not_shown))


def _layout(name: str, generated: Generated) -> Layout:
    """The files and the archive of them."""
    files = tuple(IncludedFile(f"{FOLDER}/{dest}", text.encode()) for dest, text in generated.files.items())
    return Layout("edge", files, (Archive(f"{name}.tar.gz", FOLDER, "tar.gz"),))


def replayed(folder: Path, source_of_rows: RowSource, allowed: dict[str, Tolerance]) -> Verification:
    """Compile the artifact's golden rows and run them here."""
    header = next((folder / FOLDER).glob("*.h"))
    golden = firmware.run_tests(folder / FOLDER, header.stem)
    return Verification(
        rows=golden.rows,
        source_of_rows=source_of_rows,
        max_abs_error=golden.max_abs_error,
        label_flips=0,
        ties=0,
        tolerance=allowed,
        passed=True,
        engine="C",
    )


def answering(
    converted: Conversion, name: str, cases: Sequence[Case], tolerance: dict[str, Tolerance]
) -> tuple[Generated, Verification]:
    """In the first precision that is near enough to the source model."""
    for precision in firmware.precisions(converted):
        generated = firmware.generate(converted, name, tolerance, precision)
        answers = firmware.answers(generated, cases)
        found = _judged(converted, cases, answers, tolerance, "C", refuse=precision == "double")
        if found.passed and (precision != "single" or _may_be_single(converted, generated, cases, tolerance)):
            break
    return generated, found


def _may_be_single(
    converted: Conversion, single: Generated, cases: Sequence[Case], tolerance: dict[str, Tolerance]
) -> bool:
    """Whether it saves more than it takes, and answers as C in double does between the rows, too."""
    own = firmware.generate(converted, single.name, tolerance)
    saved, taken = own.table_bytes - single.table_bytes, single.static_bytes - own.static_bytes
    if saved <= _FLASH_FOR_RAM * taken:
        return False
    return firmware.is_near_between(single, own, converted.model.signature, cases, tolerance)


def _judged(
    converted: Conversion,
    cases: Sequence[Case],
    answers: Answers,
    tolerance: dict[str, Tolerance],
    engine: str,
    *,
    refuse: bool = True,
) -> Verification:
    signature = converted.model.signature
    found = verify.compare(cases, answers, signature, converted.source_of_rows, tolerance, engine)
    if refuse and not found.passed:
        raise verify.verification_error(found, verify.what_to_do(found))
    return found


def _told(found: Verification) -> str:
    return f"{found.rows} rows, {found.label_flips} flips, largest difference {found.max_abs_error:.2g}"


def _fit(footprint: Footprint | None, profile: Microcontroller) -> str | None:
    if footprint is None:
        return None
    flash, ram = footprint.whole_flash_bytes or 0, footprint.whole_ram_bytes or 0
    return (
        f"{flash:,} of {footprint.flash_limit_bytes:,} bytes of flash, {ram:,} of "
        f"{footprint.ram_limit_bytes:,} of RAM on {profile.name}"
    )
