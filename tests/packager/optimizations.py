"""An optimization by hand, for tests of what is printed and drawn of one: every outcome is in it."""

from dataclasses import replace

from packager.measurement import Machine, Ratio
from packager.optimized import Candidate, Drop, Optimization, Outcome, PassRecord, Score, Sizes

MACHINE = Machine("Some CPU at 2.7 GHz", 2, "x86_64", "6.1.0", "3.13.1", 0.4)
BASE_BYTES = 377_000


def candidate(
    number: int, kind: str, outcome: Outcome, file: float, time: float | None, lost: float
) -> Candidate:
    """One that was scored: ``file`` and ``time`` are shares of the base's, ``lost`` is in points."""
    model_bytes = round(file * BASE_BYTES)
    ratio = None if time is None else Ratio("latency_ms", time, time * 0.97, time * 1.04, "smaller")
    return Candidate(
        id=f"c{number:02}",
        title=kind.replace("_", " "),
        outcome=outcome,
        why="made by hand",
        passes=(PassRecord(kind, {}, "12 of 14 layers"),) if number else (),
        sha256=f"{number:064x}",
        engine="onnxruntime",
        engine_version="1.31.1",
        sizes=Sizes(model_bytes, round(model_bytes * 0.9), 2_400_000 + round(model_bytes * 0.9)),
        score=Score("accuracy", 0.993 - lost / 100, 1372, "labels"),
        drop=Drop(lost / 100, lost / 100 - 0.002, lost / 100 + 0.002),
        latency_ms=None if time is None else 0.045 * time,
        latency=ratio if number else None,
        seconds=3.5,
    )


CANDIDATES = (
    candidate(0, "as converted", "base", 1.0, 1.0, 0.0),
    candidate(1, "clean_up", "no_gain", 0.99, 1.0, 0.0),
    candidate(2, "static_int8", "within", 0.29, 0.6, 0.2),
    candidate(3, "dynamic_int8", "no_gain", 0.28, 1.3, 0.1),
    candidate(4, "static_int8, percentile", "within", 0.29, 0.61, 0.3),
    candidate(5, "weight_only_4_bits", "over_budget", 0.2, None, 6.0),
    Candidate(
        "c06", "float16", "failed", "the engine refused it: no kernel <b>", (PassRecord("float16", {}, ""),)
    ),
    Candidate("c07", "prune channels", "not_applicable", "the source model is not a torch module"),
)


def optimization() -> Optimization:
    """A search that took static int8."""
    return Optimization(
        objective="latency",
        metric="accuracy",
        max_drop="0.5%",
        rows=1372,
        calibration_rows=128,
        seed=0,
        candidates=CANDIDATES,
        chosen="c02",
        sentence="take static int8: 0.29 × the bytes, 0.60 × the time (95 %: 0.58–0.62), "
        "lost 0.2 points of 0.5% allowed",
        front=("c00", "c02", "c03"),
        machine=MACHINE,
        seconds=41.0,
        stopped="max_trials",
        notes=("calibrated on 128 rows, evaluated on 1,372 others, drawn with seed 0",),
    )


def stays() -> Optimization:
    """A search in which int8 was slower."""
    slower = replace(CANDIDATES[3], latency=Ratio("latency_ms", 1.3, 1.2, 1.4, "larger"), outcome="no_gain")
    return replace(
        optimization(),
        candidates=(CANDIDATES[0], slower),
        chosen="c00",
        sentence="stay with float32: dynamic int8 was 1.3 × slower here (95 %: 1.2–1.4)",
        front=("c00", "c03"),
        stopped=None,
    )
