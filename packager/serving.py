"""How a model is served on a platform: by which release of its engine, stored how, with how many threads."""

from dataclasses import dataclass

from packager import dependencies, weights
from packager.conversion import Conversion
from packager.layout import Favour
from packager.manifest import Engine
from packager.model import ModelFile
from packager.targets import Target

GRAPH_OPTIMIZATION = {"sklearn": "basic", "xgboost": "basic", "lightgbm": "basic"}
"""Trees and linear models run no faster for more, and every start would pay for the attempt."""
MAPPED_FROM_BYTES = 1_000_000
"""From this size on, half of the time that it takes to open a model is spent on parsing its weights."""
LARGE_BYTES = 5_000_000
"""From this size on, most of a start would go into laying weights out for one processor ("all")."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What ships to run a model: the file as it is stored, the engine, and the manifest's words about it."""

    model: ModelFile
    engine: dependencies.Engine
    described: Engine

    @property
    def told(self) -> str:
        """Engine and release, with the reason where there was a choice."""
        why = f" ({self.described.why})" if self.described.why else ""
        return f"{self.engine.kind.name} {self.engine.version}{why}"


def serve(target: Target, converted: Conversion, version: str, favour: Favour | None = None) -> Serving:
    """Choose for a target, and for what it favours where nothing else is asked for. A large ONNX model is
    stored anew, beside the converted one."""
    favour = favour or target.favours
    model, platform = converted.model, target.platform
    if model.format != "onnx":
        engine = dependencies.choose_engine(dependencies.kind_for(model.format), platform)
        return Serving(model, engine, Engine(engine.kind.kind, engine.version, engine.dest))
    needs = dependencies.needs_of(model)
    release = dependencies.choose_release(platform, needs, version, target.favours)
    engine, stored = release.engine, _stored(model)
    has_large_weights = stored.weights is not None or (model.opened_bytes or 0) >= MAPPED_FROM_BYTES
    described = Engine(
        engine.kind.kind,
        engine.version,
        engine.dest,
        graph_optimization=_effort(converted, favour, needs.grouped or _convolves_in_int8(needs.operators)),
        why=release.why,
        thread_per=target.thread_per or None if has_large_weights else None,
    )
    return Serving(stored, engine, described)


def _stored(model: ModelFile) -> ModelFile:
    if model.size_bytes < MAPPED_FROM_BYTES:
        return model
    return weights.move_out(model, model.path.parent / "mapped")


def _effort(converted: Conversion, favour: Favour, is_cheap: bool) -> str:
    """How much the engine rewrites a graph at each start; ``is_cheap``: a few requests make up for it.

    Convolutions in groups take 2 to 25 times as long in the usual layout, those in int8 twice as long, and
    the weights of either are quickly laid out anew.
    """
    usual = GRAPH_OPTIMIZATION.get(converted.source.framework, "all")
    large = (converted.model.opened_bytes or converted.model.size_bytes) >= LARGE_BYTES
    return "extended" if usual == "all" and large and not is_cheap and favour == "start" else usual


def _convolves_in_int8(operators: frozenset[str]) -> bool:
    return "QLinearConv" in operators or {"Conv", "QuantizeLinear"} <= operators
