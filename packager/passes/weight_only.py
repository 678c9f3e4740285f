"""Weights as small integers; everything is computed in floating point."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from packager.model import Format
from packager.passes.base import Excluding


class WeightOnly(Excluding):
    """Weights of 8 or 4 bits with a scale for each channel or block.

    ``dequantize``: they become floats again when the engine opens the model, which then runs as before.
    ``matmul_nbits``: matrices alone; they stay small in memory and are unpacked at each multiplication.
    """

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx"})

    kind: Literal["weight_only"] = "weight_only"
    bits: Literal[4, 8] = Field(8, description="Bits of each weight.")
    how: Literal["dequantize", "matmul_nbits"] = Field(
        "dequantize", description="When weights become floats: as the model is opened, or at each use."
    )
    block_size: Literal[0, 16, 32, 64, 128, 256] = Field(
        0, description="Weights that share a scale; 0: a channel of 8 bits, 32 weights of 4 bits."
    )
    symmetric: bool = Field(True, description="Whether integers lie around 0, without a zero point.")
    accuracy_level: Literal[0, 4] = Field(
        0, description="Of matmul_nbits: 0 multiplies in float32, 4 in int8, which is faster and less exact."
    )

    @model_validator(mode="after")
    def _refuse_what_would_do_nothing(self) -> "WeightOnly":
        if self.accuracy_level and self.how != "matmul_nbits":
            raise ValueError(f"accuracy_level is for how = matmul_nbits, and how is {self.how}")
        return self

    @property
    def is_unpacked(self) -> bool:
        return self.how == "dequantize"
