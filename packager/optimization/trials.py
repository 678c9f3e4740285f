"""One trial after the other: each is made and measured once, written down, and told to whoever watches."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from packager.asked import Optimize
from packager.errors import ConversionError, PackagerError
from packager.optimization import words
from packager.optimization.journal import Journal, Trial
from packager.optimization.lineage import Lineage, key, ordered, title
from packager.optimization.making import Made, Maker
from packager.optimization.measuring import Judge
from packager.optimized import Candidate, Objective, Outcome
from packager.passes import LayerError
from packager.progress import Steps
from packager.worker import BrokenWorkerError

Limit = Literal["max_trials", "max_minutes"]


class LimitReached(Exception):  # noqa: N818 - the end of a search, no error
    """No further candidate is begun."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit


class Trials:
    """What is tried, in order. The first is the model as converted."""

    def __init__(self, maker: Maker, judge: Judge, journal: Journal, steps: Steps, asked: Optimize) -> None:
        """Limits hold for all trials together, those that an earlier run has written down among them."""
        self._maker, self._judge, self._journal, self._steps = maker, judge, journal, steps
        self._asked = asked
        self._tried: dict[str, Trial] = {}
        self._lineages: dict[str, Lineage] = {}

    @property
    def objective(self) -> Objective:
        """What shall become less."""
        return self._asked.objective

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """All that was tried so far, in order."""
        return tuple(trial.candidate for trial in self._tried.values())

    def trial(self, candidate: Candidate) -> Trial:
        """The trial that the candidate came out of."""
        return next(trial for trial in self._tried.values() if trial.candidate.id == candidate.id)

    def lineage(self, candidate: Candidate) -> Lineage:
        """The passes that made it."""
        return self._lineages[self.trial(candidate).key]

    def attempt(self, lineage: Lineage, timed: bool = False, strict: bool = False) -> Candidate:
        """Make and measure it, once; ``timed``: also when it is over the budget; ``strict``: what fails is an
        error, not a trial."""
        lineage = ordered(lineage)
        name = key(lineage)
        if name not in self._tried:
            known = self._journal.trial(name)
            if known is None:
                self._check_limits()
                known = self._tried_now(lineage, timed, strict)
                self._journal.add(known)
            self._tried[name], self._lineages[name] = known, lineage
            self._judge.base = self.candidates[0]
        return self._tried[name].candidate

    def worst_layers(self, lineage: Lineage) -> Sequence[LayerError]:
        """The layers that the last pass changes, the worst first; none where that cannot be found out."""
        lineage = ordered(lineage)
        name = key(lineage)
        known = self._journal.layers(name)
        if known is not None:
            return known
        with self._steps.step("sensitivity") as step:
            step.say(f"which layers {title(lineage)} harms most")
            try:
                known = self._maker.worst_layers(lineage)
            except PackagerError as error:
                known = ()
                step.detail = f"{title(lineage)}: {error.message}"
            else:
                worst = ", ".join(layer.layer for layer in known[:3])
                step.detail = f"{title(lineage)}: {len(known)} layers, the worst: {worst}"
        self._journal.add_layers(name, known)
        return known

    def _check_limits(self) -> None:
        if self._asked.passes:  # these are asked for, and no search
            return
        made = [one for one in self.candidates if one.outcome not in ("base", "not_applicable")]
        if len(made) >= self._asked.max_trials:
            raise LimitReached("max_trials")
        if sum(one.seconds for one in self.candidates) >= 60 * self._asked.max_minutes:
            raise LimitReached("max_minutes")

    def _tried_now(self, lineage: Lineage, timed: bool, strict: bool) -> Trial:
        began = time.monotonic()
        number = str(len(self._tried))
        base = self.candidates[0] if self._tried else None
        with self._steps.step(f"trial {number}") as step:
            step.say(title(lineage))
            made: Made | None = None
            try:
                made = self._maker.make(lineage)
                step.say(f"{title(lineage)}: measuring")
                candidate, why = self._judge.measure(made, number, timed)
            except PackagerError as error:
                if base is None or strict:  # the model as converted must do
                    raise
                candidate, why = _failed(lineage, made, number, error), ""
            candidate = replace(candidate, seconds=round(time.monotonic() - began, 3))
            step.detail = words.line(candidate, base)
        return Trial(key(lineage), candidate, made.folder if made else None, why)


def _failed(lineage: Lineage, made: Made | None, number: str, error: PackagerError) -> Candidate:
    """A worker's own sentence about the model says that a pass has nothing to do in it."""
    refused = isinstance(error, ConversionError) and not isinstance(error, BrokenWorkerError)
    outcome: Outcome = "not_applicable" if refused and made is None else "failed"
    candidate = Candidate(number, title(lineage), outcome, error.message)
    if made is None:
        return candidate
    sha256 = made.converted.model.sha256
    return replace(candidate, passes=made.records, sha256=sha256, parent_sha256=made.parent_sha256)
