"""What ships: the model as its engine takes it, the reasons, and what was done to it after its conversion."""

from dataclasses import dataclass

from packager.conversion import Conversion
from packager.optimized import Optimization
from packager.passes import Pass
from packager.results import EngineChoice


@dataclass(frozen=True, slots=True)
class Chosen:
    """``converted.reference`` is what the artifact is held to: the source's answers, or those of the chosen
    candidate by the shipped code, where ``passes`` made another model of it."""

    converted: Conversion
    choice: EngineChoice
    passes: tuple[Pass, ...] = ()
    optimization: Optimization | None = None
