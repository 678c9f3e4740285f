"""Of each four weights along a layer's input, the two smallest become zero."""

from typing import ClassVar, Literal

from packager.model import Format
from packager.passes.base import Excluding


class PruneTwoOfFour(Excluding):
    """The pattern 2:4, which some processors multiply faster; those of a function do not."""

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx"})

    kind: Literal["prune_2_4"] = "prune_2_4"
