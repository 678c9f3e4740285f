"""Whole channels of a torch model taken out before it is converted: a smaller model, and a faster one."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Excluding, Stage


class PruneChannels(Excluding):
    """The channels with the smallest weights go, and all that hangs on them; answers keep their width.

    Without ``train`` it learns from the source model's own answers, which takes samples and no labels.
    """

    stage: ClassVar[Stage] = "source"
    formats: ClassVar[frozenset[Format]] = frozenset({"onnx", "tflite"})
    frameworks: ClassVar[frozenset[str]] = frozenset({"torch"})

    kind: Literal["prune_channels"] = "prune_channels"
    share: float = Field(0.3, gt=0, le=0.9, description="How many of the channels go.")
    round_to: int = Field(
        8, ge=1, description="What is left is a multiple of it: engines compute in such blocks."
    )
    globally: bool = Field(
        False, description="Rank all channels together; else each layer loses the same share."
    )
    imitate: int = Field(
        200, ge=0, description="Steps towards the source's own answers to sample rows, without `train`."
    )
    train: str | None = Field(
        None, description="MODULE:FUNCTION of your own that trains the smaller module it is given."
    )
