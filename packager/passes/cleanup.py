"""A graph without what it does not need."""

from typing import ClassVar, Literal

from packager.model import Format
from packager.passes.base import Pass


class Cleanup(Pass):
    """Constants folded, dead and doubled nodes gone, nodes merged; the answers stay to their last digits."""

    formats: ClassVar[frozenset[Format]] = frozenset({"onnx"})
    lossless: ClassVar[bool] = True
    computes_ahead: ClassVar[bool] = True

    kind: Literal["cleanup"] = "cleanup"
