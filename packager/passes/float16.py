"""Half precision: weights of half the bytes."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Excluding


class Float16(Excluding):
    """Weights in half precision, which the engine makes whole again as it opens the model.

    The model then runs as before. With ``compute`` operators, too, run in half precision, which few
    processors do faster.
    """

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx", "tflite"})

    kind: Literal["float16"] = "float16"
    compute: Literal["float32", "float16"] = Field(
        "float32", description="The precision of the computation itself (ONNX alone)."
    )
