"""An edge artifact for TFLite Micro: the model as an array, proved by that interpreter on this machine."""

import json
from dataclasses import dataclass
from pathlib import Path

from packager import firmware, probe, verify, worker_request
from packager.config import Configuration
from packager.conversion import Conversion
from packager.errors import ConfigError, SizeLimitError
from packager.firmware import Micro
from packager.layout import Archive, IncludedFile, Layout
from packager.manifest import canonical_json, read_signature, signature_document
from packager.model import ModelFile
from packager.probe import Answers
from packager.progress import Steps
from packager.results import EngineChoice, Footprint, RowSource, Sections, Tolerance, Verification
from packager.targets import Target
from packager.targets.edge.profile import Microcontroller
from packager.targets.edge.target import Edge

FOLDER = "tflm"
GOLDEN, SIGNATURE = "golden.json", "signature.json"
_ENGINE = "TFLite Micro's interpreter"
_NOT_MEASURED = "TFLite Micro's own code and kernels come on top in flash: what they take was not measured"
CHOICE = EngineChoice("litert", "TFLite Micro runs the model on the device")
STAND_IN = Edge(device="linux-x86_64")
"""Where LiteRT measures candidates: passes change answers and sizes there as they do on a part."""
_ONE_STEP = Tolerance(absolute=1.0, relative=0.0)
"""Of answers that are codes: TFLite Micro's kernels round by themselves."""


@dataclass(frozen=True, slots=True)
class Proved:
    """A model that TFLite Micro answers right with, and what it takes of the part."""

    micro: Micro
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


def proved(target: Target, converted: Conversion, configuration: Configuration, steps: Steps) -> Proved:
    """The model, with every row answered by TFLite Micro as the source model does."""
    model, profile = converted.model, _part(target)
    cases = probe.read_cases(converted.reference)
    with steps.step("device") as step:
        micro = firmware.run_tflm(model, converted.reference, step.say, configuration.offline)
        allowed = {
            **verify.tolerances(model.signature, cases, configuration.tolerance),
            **dict.fromkeys(micro.quantized, _ONE_STEP),
        }
        found = verify.compare(
            cases, micro.answers, model.signature, converted.source_of_rows, allowed, _ENGINE
        )
        if not found.passed:
            raise verify.verification_error(found, verify.what_to_do(found))
        footprint = _footprint(micro, model, profile)
        step.detail = (
            f"{found.rows} rows by {_ENGINE}, largest difference {found.max_abs_error:.2g}; "
            f"{footprint.flash_bytes:,} bytes of flash, an arena of {footprint.ram_bytes:,} of RAM"
        )
    proof = (
        f"{_ENGINE} answers {found.rows} rows as the source model does: largest difference "
        f"{found.max_abs_error:.2g}, {found.label_flips} labels differ."
    )
    files = firmware.tflm_files(
        configuration.name, model, micro, profile, found.tolerance, converted.codes, proof
    )
    laid = _layout(configuration.name, model, files, converted.reference)
    return Proved(micro, model, laid, found, footprint, configuration.offline)


def replayed(folder: Path, source_of_rows: RowSource, allowed: dict[str, Tolerance]) -> Verification:
    """Ask TFLite Micro the golden rows of an artifact again."""
    (path,) = (folder / FOLDER).glob("*.tflite")
    signature = read_signature(json.loads((folder / SIGNATURE).read_text(encoding="utf-8")))
    model = ModelFile(path, "tflite", signature, "", path.stat().st_size)
    golden = folder / GOLDEN
    micro = firmware.run_tflm(model, golden)
    return verify.compare(
        probe.read_cases(golden), micro.answers, signature, source_of_rows, allowed, _ENGINE
    )


def _part(target: Target) -> Microcontroller:
    if isinstance(target, Edge) and isinstance(target.profile, Microcontroller):
        return target.profile
    raise ConfigError("TFLite Micro is for a microcontroller", "name one: --device cortex-m4")


def _layout(name: str, model: ModelFile, files: tuple[IncludedFile, ...], reference: Path) -> Layout:
    """The files of the firmware, the model itself, and the golden rows as `packager verify` asks them."""
    inside = tuple(file.under(FOLDER) for file in files)
    whole = IncludedFile(f"{FOLDER}/{firmware.prefix_of(name)}.tflite", model.path)
    golden = IncludedFile(GOLDEN, canonical_json(probe.golden_document(reference)))
    signed = IncludedFile(SIGNATURE, canonical_json(signature_document(model.signature)))
    return Layout("edge", (*inside, whole, golden, signed), (Archive(f"{name}.tar.gz", FOLDER, "tar.gz"),))


def _footprint(micro: Micro, model: ModelFile, profile: Microcontroller) -> Footprint:
    """What is known without the interpreter's own code; SizeLimitError where that is too much already."""
    found = Footprint(
        device=profile.name,
        compiler=None,
        flash_bytes=model.size_bytes,
        ram_bytes=micro.arena_bytes,
        stack_bytes=None,
        scratch_bytes=0,
        sections=Sections(text=0, rodata=model.size_bytes, data=0, bss=micro.arena_bytes),
        whole_flash_bytes=None,
        whole_ram_bytes=None,
        flash_limit_bytes=profile.flash_kib << 10,
        ram_limit_bytes=profile.ram_kib << 10,
        board=None,
    )
    over = [
        f"{needed:,} bytes of {what}, and it has {limit:,}"
        for what, needed, limit in (
            ("flash for the model", found.flash_bytes, found.flash_limit_bytes),
            ("RAM for the arena", found.ram_bytes, found.ram_limit_bytes),
        )
        if needed > limit
    ]
    if over:
        raise SizeLimitError(
            f"{profile.name} needs " + "; ".join(over),
            "make the model smaller: packager optimize --pass tflite_full_int8, --pass prune_channels; or a "
            f"larger part: {firmware.larger_parts(found)}",
            (_NOT_MEASURED,),
        )
    return found
