"""Models of Keras and TensorFlow, made TFLite of fewer bits by TensorFlow's own converter."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Pass, Stage


class TfQuantize(Pass):
    """Quantized while it is converted; it goes on taking and answering floats."""

    stage: ClassVar[Stage] = "source"
    formats: ClassVar[frozenset[Format]] = frozenset({"tflite"})
    frameworks: ClassVar[frozenset[str]] = frozenset({"keras", "tensorflow"})
    recipe: ClassVar[str | None] = "tensorflow"

    kind: Literal["tf_quantize"] = "tf_quantize"
    mode: Literal["float16", "dynamic_int8", "full_int8", "int16"] = Field(
        "dynamic_int8",
        description="Weights to float16 or int8; or also what flows between layers, to int8 or int16, "
        "with ranges seen on real rows.",
    )
