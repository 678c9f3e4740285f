"""Which release of ONNX Runtime ships: the newest, or a smaller one that is enough for what a graph does."""

from dataclasses import dataclass

from packager.dependencies.engine import (
    Engine,
    OnnxLimits,
    choose_engine,
    engines,
    fits,
    is_published,
    kinds,
    releases,
)
from packager.dependencies.onnx_needs import OnnxNeeds
from packager.errors import ConfigError
from packager.layout import Favour, Platform

AUTO = "auto"
_KIND = "onnxruntime_c"


@dataclass(frozen=True, slots=True)
class Release:
    """A release that was chosen for a model, and the clause that says why."""

    engine: Engine
    why: str


def choose_release(
    platform: Platform, needs: OnnxNeeds, version: str = AUTO, favour: Favour = "start"
) -> Release:
    """The smallest release that is known to run such a graph, or the one of that ``version``.

    For throughput the newest: in runs of 16,384 rows all are as quick (a forest 1 to 2 % quicker in 1.31.1,
    linear models and small nets the same), and a smaller one would save a start alone.
    """
    if version != AUTO:
        engine = pinned(platform, version)
        _refuse_newer(engine, needs)
        _refuse_unsound(engine, needs, platform)
        return Release(engine, "asked for")
    reasons: list[str] = []
    latest, *narrow = releases(_KIND, platform)
    if favour == "throughput":
        _refuse_unsound(latest, needs, platform)
        return Release(latest, "the newest release for this platform: smaller ones take many rows no quicker")
    for engine in reversed(narrow):
        reason = _not_for(engine, needs)
        if reason is None:
            return Release(engine, f"the smallest release that is for {_all(needs)} of the graph")
        reasons.append(f"{engine.version} {reason}")
    _refuse_unsound(latest, needs, platform)
    why = reasons[0] if reasons else "no smaller one is for this platform"
    return Release(latest, f"the newest release for this platform: {why}")


def onnx_limits(platform: Platform, version: str = AUTO) -> OnnxLimits:
    """The newest ONNX models that the platform's engine takes, or the release that is asked for."""
    if version == AUTO and not is_published(_KIND, platform):
        return _takes(next(engine for engine in engines() if engine.kind.kind == _KIND))  # tiny runs it there
    engine = choose_engine(_KIND, platform) if version == AUTO else pinned(platform, version)
    return _takes(engine)


def pinned(platform: Platform, version: str) -> Engine:
    """The release of that version, which must load on the platform."""
    known = {engine.version: engine for engine in engines() if engine.kind.kind == _KIND}
    if version not in known:
        raise ConfigError(
            f"there is no engine release {version!r}; there are {', '.join(sorted(known))}",
            "leave engine_version out to have one chosen",
        )
    if not fits(known[version], platform):
        raise ConfigError(
            f"{kinds()[_KIND].name} {version} is not for glibc {platform.glibc} on {platform.arch}",
            "leave engine_version out to have one chosen, or choose another --runtime or --arch",
        )
    return known[version]


def _not_for(engine: Engine, needs: OnnxNeeds) -> str | None:
    """Why a release that is for certain operators alone is not for this graph."""
    newer = _newer(engine, needs)
    if newer is not None:
        return f"reads {newer}"
    if not needs.floats:
        return "is for inputs of floating point numbers alone"
    others = sorted(needs.operators - engine.operators)
    return f"is not for {', '.join(others[:3])}" + (" and others" if others[3:] else "") if others else None


def _refuse_newer(engine: Engine, needs: OnnxNeeds) -> None:
    newer = _newer(engine, needs)
    if newer is not None:
        raise ConfigError(
            f"{engine.kind.name} {engine.version} reads {newer}",
            "leave engine_version out, or name a newer release",
        )


def _refuse_unsound(engine: Engine, needs: OnnxNeeds, platform: Platform) -> None:
    wrong = _unsound(engine, needs, platform)
    if wrong:
        latest = choose_engine(_KIND, platform)
        raise ConfigError(
            f"{engine.kind.name} {engine.version} computes {', '.join(wrong[:3])} otherwise on some "
            f"processors of {platform.arch}: its int8 is not to be relied on",
            "choose a newer --runtime (python3.12 and later have a newer engine), or --arch arm64"
            if _unsound(latest, needs, platform)
            else f"leave engine_version out, or name {latest.version}",
        )


def _unsound(engine: Engine, needs: OnnxNeeds, platform: Platform) -> list[str]:
    return sorted(needs.operators & engine.unsound.get(platform.arch, frozenset()))


def _newer(engine: Engine, needs: OnnxNeeds) -> str | None:
    takes = _takes(engine)
    pairs = (
        ("opsets", needs.opset, takes.max_opset),
        ("opsets of ai.onnx.ml", needs.ml_opset, takes.max_ml_opset),
        ("IR versions", needs.ir_version, takes.max_ir_version),
    )
    return next(
        (f"{what} up to {most}, and the graph has {asked}" for what, asked, most in pairs if asked > most),
        None,
    )


def _takes(engine: Engine) -> OnnxLimits:
    assert engine.takes is not None  # noqa: S101 - every release for ONNX says so in the table
    return engine.takes


def _all(needs: OnnxNeeds) -> str:
    count = len(needs.operators)
    return f"all {count} operators" if count != 1 else "the one operator"
