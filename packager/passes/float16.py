"""Half precision: weights of half the bytes."""

from typing import ClassVar, Literal

from packager.model import Format
from packager.passes.base import Excluding


class Float16(Excluding):
    """Weights in half precision, which the engine makes whole again as it opens the model.

    The model then computes as before, in the same time: few processors compute in half precision faster.
    """

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx", "tflite"})

    kind: Literal["float16"] = "float16"

    @property
    def is_unpacked(self) -> bool:
        return True
