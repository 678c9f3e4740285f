"""TFLite, weights to int8 and what flows between layers to int16, with ranges seen on real rows."""

from typing import ClassVar, Literal

from packager.model import Format
from packager.passes.base import Excluding


class TfliteInt16(Excluding):
    """Finer steps between layers than int8 has; the engine has slow kernels for that."""

    formats: ClassVar[frozenset[Format]] = frozenset({"tflite"})
    needs_calibration: ClassVar[bool] = True

    kind: Literal["tflite_int16"] = "tflite_int16"
