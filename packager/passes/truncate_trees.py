"""Fewer trees: the last rounds of boosting go, or some trees of a forest."""

from typing import ClassVar, Literal

from pydantic import Field

from packager.model import Format
from packager.passes.base import Pass


class TruncateTrees(Pass):
    """Of boosting the last rounds go, as the library itself would answer with fewer; of a forest the last
    trees go, or those that the mean misses least (on calibration rows), and what is left is a mean again."""

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx"})

    kind: Literal["truncate_trees"] = "truncate_trees"
    keep: float = Field(0.5, gt=0, lt=1, description="The share of rounds or trees that stay.")
    choose: Literal["last", "greedy"] = Field(
        "last", description="Which trees of a forest go: the last, or those that its mean misses least."
    )
    averaged: bool | None = Field(
        None, description="Whether the trees are averaged, not summed; by default it is found out."
    )
