"""Layers and what lies between them in 8 bits, with ranges that calibration rows showed."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from packager.model import Format
from packager.passes.base import Excluding

StaticOperator = Literal["Conv", "Gather", "Gemm", "MatMul"]


class StaticInt8(Excluding):
    """Convolutions, products of matrices and tables in 8 bits (QDQ): for convolutional nets."""

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx"})
    needs_calibration: ClassVar[bool] = True
    computes_ahead: ClassVar[bool] = True

    kind: Literal["static_int8"] = "static_int8"
    per_channel: bool = Field(True, description="Whether each output of a layer has a scale of its own.")
    calibration: Literal["minmax", "entropy", "percentile"] = Field(
        "minmax", description="How ranges are found: all values, or without the farthest."
    )
    percentile: float = Field(99.99, gt=50, le=100, description="Of values within the range, for percentile.")
    activations: Literal["uint8", "int8"] = Field("uint8", description="Of values between layers.")
    weights: Literal["int8", "uint8"] = Field(
        "int8", description="Of weights. uint8 is exact to 8 bits on every processor, and half as fast."
    )
    reduce_range: bool = Field(
        True,
        description="Whether int8 weights take 7 of 8 bits: with all 8, x86 processors without VNNI answer "
        "otherwise, and a function does not choose its processor.",
    )
    symmetric: bool = Field(False, description="Whether ranges between layers lie around 0.")
    operators: tuple[StaticOperator, ...] = Field(
        (), description="What becomes int8; by default all of these."
    )

    @model_validator(mode="after")
    def _has_kernels(self) -> Self:
        if self.activations == "int8" and self.weights == "uint8":
            raise ValueError("int8 between layers needs weights of int8")
        return self
