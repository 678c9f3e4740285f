"""What is tried, in the order of expected gain. A pass that finds nothing to do in a model says so itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from packager.model import Format
from packager.optimization.lineage import Lineage
from packager.optimized import Candidate, Objective
from packager.passes import PASSES, Excluding, LayerError, Pass

CALIBRATIONS = ("percentile", "entropy")
"""Other ways to find the range of a tensor than its extremes: a few outliers then cost less."""
_FEWER_BITS = frozenset({"static_int8", "dynamic_int8", "weight_only", "float16"})
_HALVINGS = 4
_SHARES = (0.25, 0.5, 0.7)


class Search(Protocol):
    """What a family asks: to have a lineage tried, and which layers of its last pass suffer most."""

    @property
    def objective(self) -> Objective:
        """What shall become less."""

    def attempt(self, lineage: Lineage, timed: bool = False) -> Candidate:
        """Make and measure it; ``timed``: even when it is over the budget."""

    def worst_layers(self, lineage: Lineage) -> Sequence[LayerError]:
        """The layers that the last pass changes, the worst first; none where that cannot be found out."""


Family = Callable[[Search, Lineage, Pass], None]
"""Tries a pass, and ways to make it fit, after the passes before it."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A pass as it is first tried, and what is tried on from there."""

    one: Pass
    family: Family


def kept(candidate: Candidate) -> bool:
    """Whether it is as accurate as it must be, whatever it gains."""
    return candidate.outcome in ("within", "no_gain")


def once(search: Search, before: Lineage, one: Pass) -> None:
    """As it is."""
    search.attempt((*before, one))


def rescued(search: Search, before: Lineage, one: Pass) -> None:
    """Over the budget: by other ranges, then without the worst layers, as few of them as will do. What is
    slower already is let be where it is speed that is looked for."""
    for_speed = search.objective != "size"
    plain = search.attempt((*before, one), timed=for_speed)
    if plain.outcome != "over_budget" or (for_speed and _slower(plain)):
        return
    tried = [(plain, one)]
    for way in CALIBRATIONS if "calibration" in type(one).model_fields else ():
        other = one.model_copy(update={"calibration": way})
        found = search.attempt((*before, other))
        if kept(found):
            return
        tried.append((found, other))
    nearest = min(tried, key=lambda row: row[0].drop.value if row[0].drop else float("inf"))[1]
    if isinstance(nearest, Excluding):
        _without_worst(search, before, nearest)


def bisected(option: str, mild: float, strong: float) -> Family:
    """Between an option's value that changes nothing and one that changes most: as far as the budget lets."""

    def family(search: Search, before: Lineage, one: Pass) -> None:
        low, high = mild, strong  # the budget holds at the first, and does not at the second
        for _ in range(_HALVINGS):
            middle = round((low + high) / 2, 4)
            found = search.attempt(_arranged((*before, one.model_copy(update={option: middle}))))
            if found.outcome in ("not_applicable", "failed"):
                return
            low, high = (middle, high) if kept(found) else (low, middle)

    return family


def _arranged(lineage: Lineage) -> Lineage:
    """Weights are pruned while they are floats: before they are stored in fewer bits."""
    return tuple(sorted(lineage, key=lambda one: one.kind in _FEWER_BITS))


def stepped(option: str, values: Sequence[float]) -> Family:
    """From mild to strong until the budget does not hold; half of the mildest where that is too much."""

    def family(search: Search, before: Lineage, one: Pass) -> None:
        for value in values:
            found = search.attempt((*before, one.model_copy(update={option: value})))
            if found.outcome == "over_budget" and value == values[0]:
                search.attempt((*before, one.model_copy(update={option: value / 2})))
            if not kept(found):
                return

    return family


def lossless(format: Format) -> tuple[Pass, ...]:
    """Passes that change no answer: what they leave is what all others begin with."""
    return tuple(cls.model_validate({}) for cls in PASSES.values() if cls.lossless and format in cls.formats)


def ladder(objective: Objective, format: Format, framework: str, train: str | None) -> tuple[Rung, ...]:
    """All that may be tried on such a model, the most promising first."""
    pruned = _rung("prune_channels", stepped("share", _SHARES), **({"train": train} if train else {}))
    rungs = _tflite(objective, pruned) if format == "tflite" else _onnx(objective, pruned)
    if framework == "tensorflow":  # of others its own environment would be made for this alone
        rungs.append(_rung("tf_quantize", once, mode="full_int8"))
    return tuple(rung for rung in rungs if format in rung.one.formats and _may_change(rung.one, framework))


def on_top(objective: Objective, format: Format) -> tuple[Rung, ...]:
    """What is tried over the best that the ladder found."""
    rungs = [_rung("narrow_trees", once)]
    if objective != "latency":
        rungs.append(_rung("prune_magnitude", bisected("sparsity", 0.0, 1.0)))
    return tuple(rung for rung in rungs if format in rung.one.formats)


def _onnx(objective: Objective, pruned: Rung) -> list[Rung]:
    static, dynamic = _rung("static_int8", rescued), _rung("dynamic_int8", rescued)
    trees = _rung("truncate_trees", bisected("keep", 1.0, 0.0))
    eight, four = _rung("weight_only", rescued, bits=8), _rung("weight_only", rescued, bits=4)
    half = _rung("float16", once)
    if objective == "size":
        return [static, four, eight, dynamic, pruned, trees, half]
    return [static, dynamic, pruned, trees, eight, half]


def _tflite(objective: Objective, pruned: Rung) -> list[Rung]:
    full, dynamic = _rung("tflite_full_int8", rescued), _rung("tflite_dynamic_int8", rescued)
    four, half = _rung("tflite_int4", rescued), _rung("float16", once)
    sixteen = _rung("tflite_int16", once)
    if objective == "size":
        return [four, full, dynamic, pruned, half, sixteen]
    return [full, dynamic, pruned, four, half, sixteen]


def _rung(kind: str, family: Family, **options: Any) -> Rung:
    return Rung(PASSES[kind].model_validate(options), family)


def _may_change(one: Pass, framework: str) -> bool:
    return one.stage != "source" or framework in one.frameworks


def _slower(candidate: Candidate) -> bool:
    return candidate.latency is not None and candidate.latency.verdict == "larger"


def _without_worst(search: Search, before: Lineage, one: Excluding) -> None:
    """Leave out 1, 2, 4 … of the worst layers until the budget holds, then give back what it can bear."""
    worst = [layer.layer for layer in search.worst_layers((*before, one))]

    def holds(count: int) -> bool:
        return kept(
            search.attempt((*before, one.model_copy(update={"exclude": tuple(sorted(worst[:count]))})))
        )

    over = 0
    for within in _doubled(len(worst) - 1):  # without all of them nothing would be changed
        if holds(within):
            break
        over = within
    else:
        return
    while within - over > 1:
        middle = (over + within) // 2
        over, within = (over, middle) if holds(middle) else (middle, within)


def _doubled(most: int) -> list[int]:
    """1, 2, 4 … and the most."""
    powers = [2**power for power in range(most.bit_length())]
    return [*(count for count in powers if count < most), most] if most > 0 else []
