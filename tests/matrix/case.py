"""One row of the matrix: a model as a user has it, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Files:
    """The model file and the fields of the configuration that its build needs."""

    model: Path
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """``refused``: the class of the error that a user gets, and a word that stands in it; None: it converts.

    ``origin`` is "trained here" (with the package that its data is out of), or the published package of the
    model. ``environment``: the recipe of an environment whose interpreter not every machine has.
    """

    framework: str
    architecture: str
    make: Callable[[Path], Files]
    format: Literal["onnx", "tflite"] = "onnx"
    origin: str = "trained here"
    refused: tuple[str, str] | None = None
    environment: str | None = None

    @property
    def id(self) -> str:
        """What pytest and the table call it."""
        return f"{self.framework}-{self.architecture}-{self.format}".replace(" ", "_")

    @property
    def is_published(self) -> bool:
        """Whether nobody here made the model."""
        return not self.origin.startswith("trained here")


@dataclass(frozen=True, slots=True)
class TinyOutcome:
    """The engine tiny beside ONNX Runtime on the same rows. ``refused``: what of the graph it lacks.

    ``max_abs_error`` is infinite where one side has a number and the other has none. Times are of one row.
    """

    refused: str | None = None
    rows: int = 0
    label_flips: int = 0
    max_abs_error: float = 0.0
    bytes: int = 0
    tiny_us: float = 0.0
    onnxruntime_us: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case; sizes are of the source file and of the model in the artifact."""

    case: Case
    seconds: float
    versions: str = ""
    converter: str = ""
    rows: int = 0
    rows_from: str = ""
    label_flips: int = 0
    max_abs_error: float = 0.0
    source_bytes: int = 0
    model_bytes: int = 0
    error: tuple[str, str] | None = None
    engine: str = ""
    why: str = ""
    tiny: TinyOutcome | None = None
