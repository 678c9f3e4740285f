"""What was measured on an artifact: the values that the benchmark, the tuner and the report share.

Each has a JSON form, ``dataclasses.asdict`` of it: `bench.json`, `tune.json`, `sizes.json`.
Times are in milliseconds without the wait for a processor, unless a field says wall; sizes are in bytes.
"""

from dataclasses import dataclass
from typing import Literal

SCHEMA_VERSION = 1

ColdPart = Literal["interpreter", "imports", "engine", "model_load", "first_answer"]
"""The parts of a cold start in their order: to the client's first line, to the end of the handler's imports
without the engine, to the engine's library being ready, to the model being open, to the first response."""
COLD_PARTS: tuple[ColdPart, ...] = ("interpreter", "imports", "engine", "model_load", "first_answer")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured. ``load`` is the load average over a minute before the first run."""

    cpu: str
    cores: int
    arch: str
    kernel: str
    python: str
    load: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """Times of equal runs, in milliseconds."""

    count: int
    mean: float
    deviation: float
    minimum: float
    p50: float
    p90: float
    p95: float
    p99: float
    maximum: float


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Fresh processes from exec to the first response. ``parts`` are medians and add up to the median.

    ``stable`` is whether the median settled; where it did not, nothing may be concluded from it.
    """

    total_ms: Distribution
    wall_ms: Distribution
    parts_ms: dict[ColdPart, float]
    stable: bool


@dataclass(frozen=True, slots=True)
class Warm:
    """Requests one after the other, to several processes in turn.

    ``latency_ms`` is the handler's call, from the event to its answer; ``engine_run_ms`` the engine's part of
    it; ``round_trip_ms`` what the Runtime API sees, on the wall: both of its messages and the client between.
    """

    latency_ms: Distribution
    engine_run_ms: Distribution | None
    requests_per_s: float
    histogram: tuple[tuple[float, int], ...]
    """Upper edge in milliseconds and count, of bins in order."""
    stable: bool
    round_trip_ms: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One artifact (or any function folder, which has no archive), measured."""

    name: str
    path: str
    archive_sha256: str | None
    engine: str | None
    archive_bytes: int
    unzipped_bytes: int
    model_bytes: int
    cold: ColdStart
    warm: Warm
    peak_memory_bytes: int
    threads: int
    """The most threads that the process had."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """This artifact's figure over the other's: median of the paired ratios, with its 95 % interval.

    Figures are `archive_bytes`, `unzipped_bytes`, `cold_ms`, `warm_latency_ms`, `peak_memory_bytes`; of one
    artifact alone `latency_to_engine_run`: each call's time over its engine's. ``verdict`` is "smaller" or
    "larger" where the interval lies outside of 1 by more than the figure is known to (sizes exactly, warm
    times to 5 %, all else to 2 %), else "equal"; "unstable" where either side never settled.
    """

    figure: str
    ratio: float
    low: float
    high: float
    verdict: Literal["smaller", "larger", "equal", "unstable"]


@dataclass(frozen=True, slots=True)
class Bench:
    """What `packager bench` says: one benchmark, or two that were interleaved, with their ratios."""

    machine: Machine
    rounds: int
    measured: tuple[Benchmark, ...]
    ratios: tuple[Ratio, ...] = ()
    notes: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION


Origin = Literal["measured", "unlimited", "extrapolated"]
"""Whether a size was measured under its share and limit, measured without the limits, or extrapolated."""


@dataclass(frozen=True, slots=True)
class MemoryPoint:
    """One Lambda memory size. ``usd_per_million`` is for warm requests, ``out_of_memory`` True where the
    function was killed for its memory or, extrapolated, has more than the size; without times
    otherwise, it did not answer in time or is not known there."""

    memory_mb: int
    origin: Origin
    out_of_memory: bool
    cold_ms: float | None
    warm_p50_ms: float | None
    warm_p95_ms: float | None
    peak_memory_bytes: int | None
    usd_per_million: float | None
    usd_per_million_cold: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A recommended memory size and the sentence that says why."""

    kind: Literal["cheapest", "fastest", "balanced"]
    memory_mb: int
    why: str


@dataclass(frozen=True, slots=True)
class Tuning:
    """What `packager tune` says. ``prices`` names the table's date, region and source."""

    machine: Machine
    name: str
    path: str
    archive_sha256: str | None
    arch: str
    points: tuple[MemoryPoint, ...]
    choices: tuple[Choice, ...]
    latency_target_ms: float | None
    prices: str
    notes: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class SizeShare:
    """The bytes of one package and kind; ``zipped_bytes`` as they lie in the archive."""

    package: str
    kind: Literal["library", "byte-code", "source", "model", "metadata", "data", "tests", "other"]
    files: int
    unzipped_bytes: int
    zipped_bytes: int


@dataclass(frozen=True, slots=True)
class SizeRoom:
    """What is left under one of the target's limits."""

    limit: str
    max_bytes: int
    used_bytes: int


@dataclass(frozen=True, slots=True)
class SizeCut:
    """What could be left out. ``proof`` says by what it was tried; None: it was not, so it is no advice."""

    what: str
    files: int
    unzipped_bytes: int
    zipped_bytes: int
    safe: bool
    proof: str | None


@dataclass(frozen=True, slots=True)
class SizeLedger:
    """What `packager explain-size` says. ``cuts`` is None where none were looked for."""

    path: str
    files: int
    unzipped_bytes: int
    zipped_bytes: int
    shares: tuple[SizeShare, ...]
    room: tuple[SizeRoom, ...]
    cuts: tuple[SizeCut, ...] | None
    notes: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION
