"""The values of a conversion: how workers are run, and what came of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from packager import tools
from packager.environments import Environment
from packager.model import ModelFile, SourceModel
from packager.optimized import PassRecord, QuantizedTensor
from packager.results import Accuracy, ConversionRecord, RowSource
from packager.worker import Limits


@dataclass(frozen=True, slots=True)
class Way:
    """How workers are run: within which limits, in which environment, and whether anything may be fetched."""

    limits: Limits = field(default_factory=Limits)
    environment: Literal["matched", "current"] = "matched"
    offline: bool = False
    say: tools.Progress = tools.silent


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Rows to judge a changed model by, with the source model's answers (a cases file), and others to change
    it by.

    ``labelled``: the file holds the truth of each row. ``calibration`` is None where there are too few rows.
    """

    path: Path
    rows: int
    labelled: bool
    source_of_rows: RowSource
    calibration: Path | None
    calibration_rows: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted model with the source model's own answers to hold it to, and where it was made.

    ``evaluation``: only where it was asked for (``evaluation_rows`` of the request).
    ``applied``: passes over the source before it was converted; all answers are of the source as it was.
    ``codes``: what the model takes and answers as codes, where the cases hold floats.
    """

    source: SourceModel
    model: ModelFile
    record: ConversionRecord
    reference: Path
    rows: int
    source_of_rows: RowSource
    accuracy: Accuracy | None
    environment: Environment
    notes: tuple[str, ...]
    evaluation: Evaluation | None = None
    applied: tuple[PassRecord, ...] = ()
    codes: tuple[QuantizedTensor, ...] = ()
