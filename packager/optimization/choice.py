"""Which candidate ships, why in a sentence, and which are beaten by no other."""

from collections.abc import Callable, Sequence

from packager.optimization import words
from packager.optimized import Candidate, Objective
from packager.trial.timing import KNOWN_TO

_KEPT = ("base", "within", "no_gain")
SAME: dict[Objective, float] = {"latency": KNOWN_TO, "size": 0.001, "cost": 0.0}
"""Parts by which two candidates may differ and yet be as fast, as large or as dear."""
_STORING = {"cleanup", "tidy_trees", "narrow_trees", "float16", "weight_only", "prune_magnitude", "prune_2_4"}
"""Passes after which the same is computed as before."""


def gains(candidate: Candidate, base: Candidate, objective: Objective) -> bool:
    """Whether it is better than the model as converted, by more than is known of the figures."""
    return _GAINS[objective](candidate, base)


def best(candidates: Sequence[Candidate], objective: Objective) -> Candidate | None:
    """Of those that keep the budget and gain, the one that gains most; of those that gain as much as can be
    told, the one that loses least: nobody gives accuracy for a few bytes beside an engine of megabytes."""
    within = [one for one in candidates if one.outcome == "within"]
    least = min((rank(one, objective)[0] for one in within), default=0.0)
    alike = [one for one in within if rank(one, objective)[0] <= least * (1 + SAME[objective])]
    return min(alike, key=lambda one: (_loss(one), *rank(one, objective)), default=None)


def rank(candidate: Candidate, objective: Objective) -> tuple[float, ...]:
    """Less is better."""
    time = candidate.latency.ratio if candidate.latency else 1.0
    size = float(candidate.sizes.shipped_bytes if candidate.sizes else 0)
    usd = candidate.usd_per_million or 0.0
    return {"latency": (time, size), "size": (size, time), "cost": (usd, size)}[objective]


def front(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """The ids of those that no other beats in size, latency and accuracy at once."""
    known = [(one, figures) for one in candidates if (figures := _figures(one)) is not None]
    return tuple(
        one.id
        for one, mine in known
        if not any(
            all(a <= b for a, b in zip(theirs, mine, strict=True)) and theirs != mine for _, theirs in known
        )
    )


def sentence(
    chosen: Candidate, candidates: Sequence[Candidate], objective: Objective, allowed: str | None
) -> str:
    """The choice and its reason. Where the model stays as it is: what was best and why it was not taken."""
    base = candidates[0]
    if chosen.id != base.id:
        return (
            f"take {words.name(chosen)}: {words.gain(chosen, base, objective)}, {words.loss(chosen, allowed)}"
        )
    return f"stay with {words.stays(candidates)}: {_reason(candidates, objective)}"


def _reason(candidates: Sequence[Candidate], objective: Objective) -> str:
    """Of what could have gained, the best; what only stores a model otherwise was never to make it faster."""
    base, *others = candidates
    useless = [one for one in others if one.outcome == "no_gain"]
    over = [one for one in others if one.outcome == "over_budget" and one.drop is not None]
    telling = useless if objective == "size" else [one for one in useless if not _stores_alone(one)]
    if telling or (useless and not over):
        nearest = min(telling or useless, key=lambda one: rank(one, objective))
        return f"{words.name(nearest)} {words.no_gain(nearest, base, objective)}"
    if over:
        nearest = min(over, key=lambda one: one.drop.value if one.drop else 0.0)
        slower = f", and {words.slower(nearest)}" if words.slower(nearest) else ""
        return f"{words.name(nearest)} {nearest.why}{slower}"
    failed = [one for one in others if one.outcome == "failed"]
    return f"{words.name(failed[0])} failed: {failed[0].why}" if failed else "no pass found anything to do"


def _stores_alone(candidate: Candidate) -> bool:
    return all(record.kind in _STORING for record in candidate.passes)


def _loss(candidate: Candidate) -> float:
    return max(candidate.drop.value, 0.0) if candidate.drop else 0.0


def _figures(candidate: Candidate) -> tuple[float, float, float] | None:
    if candidate.sizes is None or candidate.outcome not in _KEPT:
        return None
    time = candidate.latency.ratio if candidate.latency else 1.0
    return float(candidate.sizes.shipped_bytes), time, candidate.drop.value if candidate.drop else 0.0


def _faster(candidate: Candidate, _: Candidate) -> bool:
    return candidate.latency is not None and candidate.latency.verdict == "smaller"


def _smaller(candidate: Candidate, base: Candidate) -> bool:
    """A few bytes are no reason to ship another model than the source's own."""
    if candidate.sizes is None or base.sizes is None:
        return False
    return candidate.sizes.shipped_bytes < base.sizes.shipped_bytes * (1 - SAME["size"])


def _cheaper(candidate: Candidate, base: Candidate) -> bool:
    """A tie of the bill goes to the smaller archive: less to store and to fetch at each start."""
    if candidate.usd_per_million is None or base.usd_per_million is None:
        return False
    mine, others = candidate.usd_per_million, base.usd_per_million
    return mine < others or (mine == others and _smaller(candidate, base))


_GAINS: dict[Objective, Callable[[Candidate, Candidate], bool]] = {
    "latency": _faster, "size": _smaller, "cost": _cheaper,
}  # fmt: skip
