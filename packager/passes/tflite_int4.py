"""TFLite, weights to int4: the smallest that its kernels take; no rows are needed."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Excluding


class TfliteInt4(Excluding):
    """Weights to int4 where the engine has kernels for that (dense, convolution, table), else to int8."""

    formats: ClassVar[frozenset[Format]] = frozenset({"tflite"})

    kind: Literal["tflite_int4"] = "tflite_int4"
    block: Literal[0, 32, 64, 128, 256] = Field(
        0, description="How many weights of a dense layer share a scale; 0: all of an output."
    )
