"""Single weights of a torch model set to zero, while the others are trained to make up for them."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Excluding, Stage


class PruneWeights(Excluding):
    """The smallest weights become zero, and stay zero during the training: the file compresses better.

    Without training the same is done to the converted model, which needs no torch (`prune_magnitude`).
    """

    stage: ClassVar[Stage] = "source"
    formats: ClassVar[frozenset[Format]] = frozenset({"onnx", "tflite"})
    frameworks: ClassVar[frozenset[str]] = frozenset({"torch"})

    kind: Literal["prune_weights"] = "prune_weights"
    mode: Literal["magnitude", "2:4"] = Field(
        "magnitude", description="The smallest of all, or the two smallest of every four."
    )
    sparsity: float = Field(0.5, gt=0, lt=1, description="How many become zero (of 2:4 always half).")
    imitate: int = Field(
        200, ge=0, description="Steps towards the source's own answers to sample rows, without `train`."
    )
    train: str | None = Field(
        None, description="MODULE:FUNCTION of your own that trains the module it is given."
    )
