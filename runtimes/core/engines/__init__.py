"""Engines: how the runtime executes a model. The manifest's ``engine.kind`` names one of ``ENGINES``."""

from __future__ import annotations

from runtimes.core.errors import ModelError
from runtimes.core.manifest import Manifest

# The import system is not asked for what only a type checker needs: each import counts at a cold start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from runtimes.core.engines.graph import GraphTensor
    from runtimes.core.tensors import Tensor

    class Engine(Protocol):
        """An open model. ``run`` takes and gives tensors in the order of the manifest's signature."""

        inputs: tuple[GraphTensor, ...]
        outputs: tuple[GraphTensor, ...]

        @classmethod
        def open(cls, manifest: Manifest) -> Engine:
            """Open the model that a manifest names."""

        def run(self, tensors: list[Tensor]) -> list[Tensor]:
            """Execute the model once. Safe from several threads; raises ``ModelError``."""

        def close(self) -> None:
            """Let go of the model; runs that are under way finish."""


ENGINES = {
    "onnxruntime_c": "runtimes.core.engines.onnxruntime_c:OnnxRuntime",
    "litert_c": "runtimes.core.engines.litert_c:LiteRt",
    "tiny": "runtimes.core.engines.tiny:Tiny",
}


def open_engine(manifest: Manifest) -> Engine:
    """Open the engine that the manifest names, on the model that it names."""
    place = ENGINES.get(manifest.engine.kind)
    if place is None:
        known = ", ".join(ENGINES)
        raise ModelError(f"the manifest names the engine {manifest.engine.kind!r}; this runtime has {known}")
    module_name, _, class_name = place.partition(":")
    module = __import__(module_name, fromlist=[class_name])
    engine: Engine = getattr(module, class_name).open(manifest)
    return engine
