"""What a build found out and made: the values that the report prints and `build.json` keeps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager.model import EngineName, Format, Signature
from packager.optimized import Optimization, Score

RowSource = Literal["samples", "signature"]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a build: its name, what it did in a few words, and how long it took."""

    name: str
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The largest difference allowed: ``absolute + relative * |source answer|``, per dtype."""

    absolute: float
    relative: float


@dataclass(frozen=True, slots=True)
class WorstRow:
    """One row where the artifact's answer is furthest from the source model's."""

    output: str
    row: int
    source_answer: str
    artifact_answer: str
    error: float


@dataclass(frozen=True, slots=True)
class Verification:
    """How the artifact's answers compare with the source model's own.

    ``max_abs_error`` is over all floating point outputs, in the output's unit; ``label_flips`` counts
    rows whose label (or any integer, boolean or text answer) differs. ``ties`` counts rows where it differs
    and the source model itself gives both labels the same probability: those are no flips. ``tolerance`` is
    that of each floating point output, by name.
    """

    rows: int
    source_of_rows: RowSource
    max_abs_error: float
    label_flips: int
    ties: int
    tolerance: dict[str, Tolerance]
    passed: bool
    engine: str
    failure: str | None = None
    worst_rows: tuple[WorstRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning of a converter with its verdict, so that no user has to judge it."""

    text: str
    verdict: Literal["harmless"]
    reason: str


@dataclass(frozen=True, slots=True)
class ConversionRecord:
    """What converted which source to what, and where.

    ``framework`` read the source, ``written_by`` is what made it (None: the file does not say).
    ``environment`` is "current", or the name of one that was made for this model; ``python`` and ``packages``
    are the versions in it.
    """

    source_sha256: str
    framework: str
    written_by: str | None
    converter: str
    format: Format
    opset: int | None
    environment: str
    python: str
    packages: dict[str, str]
    warnings: tuple[Warned, ...]


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine that ships, and the clause that says why."""

    engine: EngineName
    why: str


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The source model's own score on the labelled samples."""

    metric: str
    value: float
    rows: int


@dataclass(frozen=True, slots=True)
class TrimmedRule:
    """What became of one rule of trimming: how much it names, and why it was undone (None: it was kept)."""

    rule: str
    reason: str
    files: int
    size_bytes: int
    undone: str | None


@dataclass(frozen=True, slots=True)
class Sections:
    """Bytes of a firmware by kind: ``text`` and ``rodata`` lie in flash, ``bss`` in RAM, ``data`` in both."""

    text: int
    rodata: int
    data: int
    bss: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model takes of a microcontroller: C as it was linked for it, or a TFLite model with the arena of
    TFLite Micro. None: it was not measured.

    ``flash_bytes`` and ``ram_bytes`` are the model's own, without an otherwise empty firmware and without
    the stack; ``sections`` says what they are made of. ``scratch_bytes``: what the model's caller lends it.
    ``whole_flash_bytes`` and ``whole_ram_bytes`` are the firmware's, with the stack and the caller's rows.
    ``board``: the emulated one on which it ran.
    """

    device: str
    compiler: str | None
    flash_bytes: int
    ram_bytes: int
    stack_bytes: int | None
    scratch_bytes: int
    sections: Sections
    whole_flash_bytes: int | None
    whole_ram_bytes: int | None
    flash_limit_bytes: int
    ram_limit_bytes: int
    board: str | None


@dataclass(frozen=True, slots=True)
class DeviceFit:
    """What a bundle takes of its device, beside the profile's budgets. ``measured`` says where."""

    device: str
    unpacked_bytes: int
    flash_budget_bytes: int
    peak_memory_bytes: int
    memory_budget_bytes: int
    measured: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """One finished artifact: its folder, its archive, its bytes and the archive's SHA-256.

    ``runs_here`` is whether it is for this machine's processor; ``fit`` is that of a bundle. ``c_name``: of
    C source what its files are called, and ``footprint`` what it takes of a microcontroller.
    """

    target: str
    path: Path
    archive: Path
    size_bytes: int
    unzipped_bytes: int
    sha256: str
    notes: tuple[str, ...] = ()
    runs_here: bool = True
    fit: DeviceFit | None = None
    c_name: str | None = None
    footprint: Footprint | None = None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Everything that a build says when it has succeeded.

    Where the truth is known, ``artifact_score`` is that of what ships and ``source_score`` the source model's
    own on the same rows; ``accuracy`` is the source model's on the rows that were verified.
    """

    name: str
    artifacts: tuple[Artifact, ...]
    verification: Verification
    steps: tuple[StepRecord, ...]
    signature: Signature
    seconds: float
    conversion: ConversionRecord
    engine: EngineChoice
    accuracy: Accuracy | None = None
    artifact_score: Score | None = None
    source_score: Score | None = None
    notes: tuple[str, ...] = ()
    optimization: Optimization | None = None
