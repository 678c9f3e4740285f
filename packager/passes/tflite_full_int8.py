"""TFLite, weights and what flows between layers to int8, with ranges seen on real rows."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Excluding


class TfliteFullInt8(Excluding):
    """All that the engine has int8 kernels for, with one range for each tensor between layers."""

    formats: ClassVar[frozenset[Format]] = frozenset({"tflite"})
    needs_calibration: ClassVar[bool] = True

    kind: Literal["tflite_full_int8"] = "tflite_full_int8"
    io: Literal["float", "int8"] = Field(
        "float", description="What the model takes and answers: floats, or the int8 codes themselves."
    )
