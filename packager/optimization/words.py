"""What a search says of its candidates: figures with their units, in half sentences."""

from collections.abc import Sequence

from packager.measurement import Ratio
from packager.metrics.choosing import LESS_IS_BETTER
from packager.optimized import Candidate, Drop, MetricName, Objective, Outcome
from packager.passes import PASSES

_SHORTER_TYPES = ("int4", "int8", "int16", "float16", "weight_only")
_LOSSLESS = frozenset(kind.replace("_", " ") for kind, one in PASSES.items() if one.lossless)
_LARGER = 1.05
"""Times the base as it ships: then it is said, whatever was looked for. An engine for int8 may be larger."""
OUTCOMES: dict[Outcome, str] = {
    "base": "the model as converted",
    "within": "as accurate as asked",
    "over_budget": "over the budget",
    "no_gain": "no gain",
    "failed": "failed",
    "not_applicable": "not applicable",
}


def line(candidate: Candidate, base: Candidate | None) -> str:
    """One trial in one line: what it was, its figures, what became of it."""
    parts = [candidate.title]
    if base is not None and candidate.sizes and base.sizes:
        parts.append(f"{candidate.sizes.model_bytes / base.sizes.model_bytes:.2f} × the bytes")
    if candidate.latency:
        parts.append(f"{times(candidate.latency)} × the time")
    if candidate.drop and candidate.score:
        parts.append(lost(candidate.drop, candidate.score.metric))
    told = candidate.outcome in ("failed", "not_applicable")
    return f"{', '.join(parts)}: {OUTCOMES[candidate.outcome]}{f' ({candidate.why})' if told else ''}"


def name(candidate: Candidate) -> str:
    """What a sentence calls it: by what was done to the answers."""
    said = candidate.title.split(" + ")
    return " + ".join(one for one in said if one not in _LOSSLESS) or candidate.title


def stays(candidates: Sequence[Candidate]) -> str:
    """What it is stayed with: a number format where others were tried, else the model."""
    kinds = {record.kind for one in candidates for record in one.passes}
    return (
        "float32" if any(word in kind for kind in kinds for word in _SHORTER_TYPES) else "the model as it is"
    )


def gain(candidate: Candidate, base: Candidate, objective: Objective) -> str:
    """How much smaller, faster, or cheaper, what was looked for first."""
    said = []
    if candidate.sizes and base.sizes:
        said.append(f"{candidate.sizes.model_bytes / base.sizes.model_bytes:.2f} × the bytes")
        shipped = candidate.sizes.shipped_bytes / base.sizes.shipped_bytes
        if objective == "size" or shipped >= _LARGER:
            said.append(f"{shipped:.2f} × as it ships with its engine")
    if candidate.latency:
        said.append(f"{times(candidate.latency)} × the time ({interval(candidate.latency)})")
    if objective == "cost" and candidate.usd_per_million and base.usd_per_million:
        said.insert(0, _bill(candidate, base))
    return ", ".join(said)


def _bill(candidate: Candidate, base: Candidate) -> str:
    mine, others = candidate.usd_per_million or 0.0, base.usd_per_million or 0.0
    return f"{mine:.2f} USD per million requests for {others:.2f}"


def no_gain(candidate: Candidate, base: Candidate, objective: Objective) -> str:
    """Why what keeps the budget is not taken."""
    if objective == "size" and candidate.sizes and base.sizes:
        ratio = candidate.sizes.shipped_bytes / base.sizes.shipped_bytes
        return f"was {ratio:.2f} × as large as it ships" if ratio < 1.05 else f"was {ratio:.1f} × larger"
    if candidate.latency is None:
        return "could not be timed"
    if objective == "cost":
        return f"costs {_bill(candidate, base)}"
    found = candidate.latency
    if slower(candidate):
        return slower(candidate)
    if found.verdict == "unstable":
        return f"could not be told from it here: {times(found)} × the time ({interval(found)})"
    return f"was as fast here: {times(found)} × the time ({interval(found)})"


def slower(candidate: Candidate) -> str:
    """How much slower, if it is."""
    found = candidate.latency
    if found is None or found.verdict != "larger":
        return ""
    return f"was {times(found)} × slower here ({interval(found)})"


def loss(candidate: Candidate, allowed: str | None) -> str:
    """What is lost of what is allowed."""
    if candidate.drop is None or candidate.score is None:
        return "its answers were not scored"
    said = lost(candidate.drop, candidate.score.metric)
    return said if allowed is None or candidate.drop.value <= 0 else f"{said} of {allowed} allowed"


def too_much(drop: Drop, metric: MetricName, allowed: str | None) -> str:
    """Why it is over the budget."""
    return f"{lost(drop, metric)}, {allowed} {'is' if allowed == '1' else 'are'} allowed"


def lost(drop: Drop, metric: MetricName) -> str:
    """A drop as people say it: of metrics up to 1 in points, of errors as such."""
    if metric in LESS_IS_BETTER:
        return f"{metric} {drop.value:+.3g}"
    points = round(100 * drop.value, 3)
    if not points:
        return "lost nothing"
    said = f"{abs(points):.2g}" if abs(points) < 10 else f"{abs(points):.0f}"
    unit = "point" if said == "1" else "points"
    return f"lost {said} {unit}" if points > 0 else f"gained {said} {unit}"


def times(ratio: Ratio) -> str:
    """A ratio with the digits that it is known to."""
    return f"{ratio.ratio:.1f}" if ratio.ratio >= 1.095 else f"{ratio.ratio:.2f}"


def interval(ratio: Ratio) -> str:
    """The interval of a ratio, with as many digits as tell its ends apart, and two at most."""
    coarse = ratio.ratio >= 1.095 and f"{ratio.low:.1f}" != f"{ratio.high:.1f}"
    digits = 1 if coarse else 2
    return f"95 %: {ratio.low:.{digits}f}–{ratio.high:.{digits}f}"
