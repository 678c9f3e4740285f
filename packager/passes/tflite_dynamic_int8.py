"""TFLite, weights to int8: the engine rounds what flows between them as it runs; no rows are needed."""

from typing import ClassVar, Literal

from packager.model import Format
from packager.passes.base import Excluding


class TfliteDynamicInt8(Excluding):
    """Weights to int8, one scale for each channel; inputs of each layer are rounded anew at each run."""

    formats: ClassVar[frozenset[Format]] = frozenset({"tflite"})

    kind: Literal["tflite_dynamic_int8"] = "tflite_dynamic_int8"
