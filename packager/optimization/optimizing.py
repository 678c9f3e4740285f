"""From a converted model to the one that ships: by a search under a budget, or by passes that were named."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from packager import __version__, engine_choice, machine, source_files
from packager.asked import Optimize
from packager.chosen import Chosen
from packager.conversion import Conversion, Way
from packager.errors import AccuracyError, ConfigError, SamplesError
from packager.manifest import canonical_json
from packager.optimization import choice, words
from packager.optimization.journal import FOLDER, Journal, Trial
from packager.optimization.keeping import keep
from packager.optimization.lineage import Lineage
from packager.optimization.making import Maker
from packager.optimization.measuring import Judge, Shipping
from packager.optimization.scoring import Scoring
from packager.optimization.search import search
from packager.optimization.trials import Trials
from packager.optimized import Candidate, MetricName, Optimization
from packager.passes import Oldest
from packager.progress import Silence, Steps
from packager.results import EngineChoice
from packager.worker import WorkerRequest


@dataclass(frozen=True, slots=True)
class Task:
    """What is optimised for what. ``request``: that of the conversion; ``scratch``: a folder for all that
    may go with the build, ``output``: that of what must not; ``metric`` None: what suits the model."""

    asked: Optimize
    shipping: Shipping
    metric: MetricName | None
    request: WorkerRequest
    oldest: Oldest
    way: Way
    output: Path
    scratch: Path


class Interrupted(KeyboardInterrupt):
    """Somebody stops a search that can go on."""


@contextmanager
def journal_of(task: Task, base: Conversion) -> Iterator[Journal]:
    """The journal beneath the output, which is removed when all that follows has succeeded.

    What passes that were named leave goes with the build: there is nothing to go on with.
    """
    journal = Journal(task.scratch if task.asked.passes else task.output / FOLDER, _key(task, base))
    try:
        yield journal
    except KeyboardInterrupt as error:
        journal.leave()
        if task.asked.passes or not journal.has_begun:
            raise
        raise Interrupted("what was tried so far is kept: the same command goes on from there") from error
    except BaseException:
        journal.leave()
        raise
    journal.remove()


def optimize(task: Task, base: Conversion, journal: Journal, steps: Steps) -> Chosen:
    """Choose what ships. VerificationError where the base answers otherwise than its source; AccuracyError
    where passes that were named lose more than is allowed."""
    task.scratch.mkdir(parents=True, exist_ok=True)
    rows = base.evaluation
    if rows is None:
        raise SamplesError("there are no rows to judge a candidate by", "give some with --samples")
    _refuse_idle_training(task, base)
    scoring = Scoring(rows, base.model.signature, task.metric, task.asked.budget)
    judge = Judge(task.shipping, scoring, base, task.way, task.scratch, steps)
    here = machine.describe(judge.python)
    maker = Maker(base, task.request, task.oldest, task.way, journal.models, task.scratch / "jobs")
    if journal.resumed:
        with steps.step("resume") as step:
            step.detail = f"{journal.resumed} trials are known from before"
    trials = Trials(maker, judge, journal, steps, task.asked)
    if task.asked.passes:
        chosen, stopped = _named(task, trials), None
    else:
        stopped = search(trials, base, task.shipping.objective, task.asked.train)
        best = choice.best(trials.candidates, task.shipping.objective)
        chosen = best or trials.candidates[0]
    with steps.step("choose") as step:
        step.detail = said = _sentence(task, trials, chosen, scoring)
    tried = trials.candidates
    optimization = Optimization(
        objective=task.shipping.objective,
        metric=scoring.metric,
        max_drop=task.asked.budget or "any",
        rows=scoring.rows,
        calibration_rows=rows.calibration_rows,
        seed=task.request.seed,
        candidates=tried,
        chosen=chosen.id,
        sentence=said,
        front=choice.front(tried),
        machine=here,
        seconds=round(sum(one.seconds for one in tried), 3),
        stopped=stopped,
        notes=scoring.notes,
        rows_timed=judge.rows_timed,
    )
    if task.asked.keep_candidates:
        keep(optimization, trials, journal.models, base.model.path, task.output)
    lineage = trials.lineage(chosen)
    converted, taken = _shipped(task, judge, maker, lineage, trials.trial(chosen))
    return Chosen(converted, taken, lineage, optimization)


def _refuse_idle_training(task: Task, base: Conversion) -> None:
    if task.asked.train and base.source.framework != "torch":
        raise ConfigError(
            f"train is {task.asked.train}, and nothing of a model of {base.source.framework} can be trained",
            "leave it out: only torch models are pruned before they are converted",
        )


def _named(task: Task, trials: Trials) -> Candidate:
    """The passes that were named, whatever they gain; a refusal is an error."""
    trials.attempt(())
    found = trials.attempt(task.asked.passes, strict=True)
    if found.outcome == "over_budget":
        raise AccuracyError(
            f"{found.title} {found.why}",
            "allow more with --max-drop, leave layers out with exclude, or search: packager optimize",
        )
    return found


def _sentence(task: Task, trials: Trials, chosen: Candidate, scoring: Scoring) -> str:
    if task.asked.passes:
        base = trials.candidates[0]
        gain = words.gain(chosen, base, task.asked.objective)
        loss = words.loss(chosen, scoring.allowed)
        return f"{chosen.title}, as asked: {gain}, {loss}"
    return choice.sentence(chosen, trials.candidates, task.shipping.objective, scoring.allowed)


def _shipped(
    task: Task, judge: Judge, maker: Maker, lineage: Lineage, trial: Trial
) -> tuple[Conversion, EngineChoice]:
    """The chosen model as its engine takes it: the engine is the one that it was measured with."""
    if not lineage:
        return judge.converted, judge.base_choice
    engine = trial.candidate.engine
    own = judge.held_to_itself(maker.make(lineage).converted)
    wanted = replace(task.shipping.wanted, engine=engine)
    target, job = task.shipping.target, task.scratch / "chosen"
    converted, taken = engine_choice.choose(wanted, own, target, job, task.way, Steps(Silence()))
    return converted, replace(taken, why=trial.engine_why)


def _key(task: Task, base: Conversion) -> str:
    """The same for the same model, rows and request: all that a trial depends on, but not where its
    results go or how long the search may last."""
    request = task.request
    asked = task.asked.model_dump(mode="json", exclude={"max_trials", "max_minutes", "keep_candidates"})
    rows = [base.evaluation.path, base.evaluation.calibration] if base.evaluation else []
    document = {
        "packager": __version__,
        "model": base.model.sha256,
        "rows": [source_files.sha256_of(path) for path in rows if path],
        "asked": asked,
        "target": task.shipping.target.model_dump(mode="json"),
        "engine": [task.shipping.engine_version, task.shipping.favour, str(task.shipping.wanted)],
        "metric": task.metric,
        "torch_model": request.torch_model,
        "code": [source_files.sha256_of(path) for path in _code_of(task)],
        "limits": [request.max_opset, request.max_ml_opset, request.max_ir_version],
    }
    return sha256(canonical_json(document)).hexdigest()[:16]


def _code_of(task: Task) -> list[Path]:
    """The user's own modules that make and train the model, where they are files."""
    trained_by = [getattr(one, "train", None) for one in task.asked.passes]
    named = [task.request.torch_model, task.asked.train, *trained_by]
    files = [name.partition(":")[0].replace(".", "/") + ".py" for name in named if name]
    return [
        path for folder in task.request.import_paths for file in files if (path := folder / file).is_file()
    ]
