"""What one pass gets and what it says when it is done."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from packager.converters.signature import Signature


@dataclass(frozen=True, slots=True)
class Step:
    """One pass over one file: reads ``model``, writes ``dest`` (another file of the same format).

    ``options`` are the fields of the pass (`packager/passes`) without its kind; ``calibration`` is a cases
    file (`docs/contracts.md`) whose inputs are real rows, None where there are none; ``max_opset``,
    ``max_ml_opset`` and ``max_ir_version`` are what the oldest engine reads. ``reference``: the cases file
    that the conversion was proved on, whose rows are made where there are no samples. ``source``: what the
    source model is, in words ("RandomForestRegressor"), empty where nobody said.
    """

    model: Path
    dest: Path
    options: dict[str, Any]
    signature: Signature
    calibration: Path | None
    seed: int
    max_opset: int
    max_ml_opset: int
    max_ir_version: int
    reference: Path | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a pass did, in a few words with figures ("12 of 14 layers to int8, entropy over 128 rows").

    ``layers`` names what it changed, ``left`` what it could have changed and was told to leave;
    ``quantized_io``: tensors of the signature that hold integers now, with their scale and zero point.
    """

    detail: str
    layers: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    quantized_io: dict[str, dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class LayerError:
    """One layer, quantized alone: how far the model's answers move, relative to their size (L2)."""

    layer: str
    operator: str
    error: float
    parameters: int


class PassModule(Protocol):
    """A module of this folder. Refuses with ConversionError what it finds nothing to do in."""

    def apply(self, step: Step) -> Applied: ...


class SensitiveModule(PassModule, Protocol):
    """A pass that can leave layers out (option ``exclude``) says which of them cost most."""

    def sensitivity(self, step: Step) -> list[LayerError]:
        """The layers that the pass would change, the worst first."""
        ...
