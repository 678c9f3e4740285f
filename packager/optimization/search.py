"""The search: what can be tried is tried in order, and the best of what keeps the budget is taken."""

from packager.conversion import Conversion
from packager.optimization import choice, ladder
from packager.optimization.lineage import Lineage, source_part
from packager.optimization.trials import Limit, LimitReached, Trials
from packager.optimized import Candidate, Objective


def search(trials: Trials, base: Conversion, objective: Objective, train: str | None) -> Limit | None:
    """Try all that may gain; the limit that ended it, if one did."""
    trials.attempt(())
    try:
        before = _cleaned(trials, base)
        for rung in ladder.ladder(objective, base.model.format, base.source.framework, train):
            rung.family(trials, before, rung.one)
        _combined(trials, objective)
        best = choice.best(trials.candidates, objective)
        for rung in ladder.on_top(objective, base.model.format):
            rung.family(trials, trials.lineage(best) if best else before, rung.one)
    except LimitReached as reached:
        return reached.limit
    return None


def _cleaned(trials: Trials, base: Conversion) -> Lineage:
    """What changes no answer is done before all else, unless it makes the model slower."""
    before: Lineage = ()
    for one in ladder.lossless(base.model.format):
        found = trials.attempt((*before, one))
        slower = found.latency is not None and found.latency.verdict == "larger"
        if ladder.kept(found) and not slower:
            before = (*before, one)
    return before


def _combined(trials: Trials, objective: Objective) -> None:
    """The best smaller source, changed as was best for the whole one."""
    kept = [one for one in trials.candidates if ladder.kept(one)]
    cut = [one for one in kept if source_part(trials.lineage(one))]
    whole = [one for one in kept if not source_part(trials.lineage(one))]
    if cut and whole:
        smaller, changed = _first(cut, objective), _first(whole, objective)
        trials.attempt((*source_part(trials.lineage(smaller)), *trials.lineage(changed)))


def _first(candidates: list[Candidate], objective: Objective) -> Candidate:
    return min(candidates, key=lambda one: choice.rank(one, objective))
