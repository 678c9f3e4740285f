"""The smallest weights become zero: a smaller archive, at the same speed."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Excluding


class PruneMagnitude(Excluding):
    """Weights of the smallest magnitude become zero, without training after it.

    The file is as large as before; compressed, as archives are, it is smaller. The engine is no faster.
    """

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx"})

    kind: Literal["prune_magnitude"] = "prune_magnitude"
    sparsity: float = Field(0.5, gt=0, lt=1, description="The share of weights that are zero afterwards.")
    scope: Literal["global", "layer"] = Field(
        "global", description="Whether the smallest of all layers together go, or the same share of each."
    )
    keep_ends: bool = Field(False, description="Whether the first and the last layer stay as they are.")
