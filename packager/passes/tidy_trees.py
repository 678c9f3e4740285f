"""Trees without what no row can reach or tell apart."""

from typing import ClassVar, Literal

from packager.model import Format
from packager.passes.base import Pass


class TidyTrees(Pass):
    """Branches that no value reaches go, and questions whose answers lead to the same; trees with the same
    questions become one. The same answers, but for the last digit of their sums."""

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx"})
    lossless: ClassVar[bool] = True

    kind: Literal["tidy_trees"] = "tidy_trees"
