"""Weights in 8 bits; what layers take is brought to 8 bits at each run."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Excluding

DynamicOperator = Literal["Attention", "Conv", "Gather", "Gemm", "LSTM", "MatMul"]


class DynamicInt8(Excluding):
    """Products of matrices, LSTMs and tables in 8 bits, without calibration: for transformers and LSTMs.

    A range is that of all rows of a request: one far larger than the others costs them their digits.
    """

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx"})
    computes_ahead: ClassVar[bool] = True

    kind: Literal["dynamic_int8"] = "dynamic_int8"
    weights: Literal["int8", "uint8"] = Field(
        "int8", description="Of weights. uint8 is exact to 8 bits on every processor, and half as fast."
    )
    per_channel: bool = Field(True, description="Whether each output of a layer has a scale of its own.")
    reduce_range: bool = Field(
        True,
        description="Whether int8 weights take 7 of 8 bits: with all 8, x86 processors without VNNI answer "
        "otherwise, and a function does not choose its processor.",
    )
    operators: tuple[DynamicOperator, ...] = Field(
        (), description="What becomes int8; by default all but Conv, which the engine then runs slower."
    )
