"""What an optimization found out: every candidate as it was made and measured, and the choice.

The JSON form is ``dataclasses.asdict``: `optimization.json` in the artifact's folder. Times are in
milliseconds, sizes in bytes; ratios are to the model as it was converted.
"""

from dataclasses import dataclass
from typing import Any, Literal

from packager.measurement import Machine, Ratio
from packager.model import EngineName

SCHEMA_VERSION = 1
Objective = Literal["size", "latency", "cost"]
MetricName = Literal["accuracy", "auc", "f1", "r2", "rmse", "log_loss", "top5", "cosine"]
Outcome = Literal["base", "within", "over_budget", "no_gain", "failed", "not_applicable"]
"""Of a candidate: the model as converted; kept as possible; less accurate than allowed; neither smaller nor
faster where that was the objective; a pass or the engine failed; a pass found nothing to do."""


@dataclass(frozen=True, slots=True)
class QuantizedTensor:
    """An input or output that holds codes now: each n stands for ``scale`` × (n - ``zero_point``)."""

    name: str
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class PassRecord:
    """What one pass of a lineage did: ``detail`` in words with figures, the layers that it changed, those
    that it was told to leave, and what the model takes and answers as codes since."""

    kind: str
    options: dict[str, Any]
    detail: str
    layers: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    quantized_io: tuple[QuantizedTensor, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """A metric on the evaluation rows. ``truth``: the labels, or without any the source model's answers."""

    metric: MetricName
    value: float
    rows: int
    truth: Literal["labels", "source"]


@dataclass(frozen=True, slots=True)
class Drop:
    """How much worse than the source model: positive is worse, in the metric's unit, with its 95 % interval.

    ``low`` and ``high`` are by the paired bootstrap over rows.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Sizes:
    """``model_bytes``: the file; ``compressed_bytes``: as it lies in the archive; ``shipped_bytes``: with the
    engine that it needs, compressed, too."""

    model_bytes: int
    compressed_bytes: int
    shipped_bytes: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One trial. What was not measured (of a failed one, or one over the budget) is None."""

    id: str
    title: str
    outcome: Outcome
    why: str
    passes: tuple[PassRecord, ...] = ()
    parent_sha256: str | None = None
    sha256: str | None = None
    engine: EngineName | None = None
    engine_version: str | None = None
    sizes: Sizes | None = None
    score: Score | None = None
    drop: Drop | None = None
    latency_ms: float | None = None
    latency: Ratio | None = None
    usd_per_million: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Optimization:
    """What was asked, what was tried in order (the first is the base), and what was chosen.

    ``sentence`` says the choice and its reason, for people; ``front`` are the ids that nothing else beats in
    size, latency and accuracy at once; ``stopped``: the limit that ended the search, if one did.
    ``rows_timed``: how many rows at once were timed; latencies are for each of them.
    """

    objective: Objective
    metric: MetricName
    max_drop: str
    rows: int
    calibration_rows: int
    seed: int
    candidates: tuple[Candidate, ...]
    chosen: str
    sentence: str
    front: tuple[str, ...]
    machine: Machine
    seconds: float
    stopped: Literal["max_trials", "max_minutes"] | None = None
    notes: tuple[str, ...] = ()
    rows_timed: int = 1
    schema_version: int = SCHEMA_VERSION

    @property
    def is_changed(self) -> bool:
        """Whether something else ships than the model as converted."""
        return self.chosen != self.candidates[0].id
