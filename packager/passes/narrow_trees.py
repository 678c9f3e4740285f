"""Thresholds and leaves of trees in fewer digits."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Pass


class NarrowTrees(Pass):
    """Thresholds keep a few significant bits, more where a calibration row would else go another way; leaves
    lie on a grid. So the file compresses better, tiny stores shorter numbers, and what no row tells apart any
    more goes, as by `tidy_trees`."""

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx"})

    kind: Literal["narrow_trees"] = "narrow_trees"
    threshold_bits: int = Field(11, ge=2, le=24, description="Significant bits of a threshold.")
    leaf_bits: int = Field(
        8, ge=2, le=24, description="Bits of a leaf between the least and the most that a tree says."
    )
