"""Measures a candidate by the code that ships: what it loses of the metric, its sizes, time, and costs."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from packager import codes, conversion, dependencies, engine_choice, prices, probe, row_by_row, trial, verify
from packager.conversion import Conversion, Way
from packager.engine_choice import Wanted
from packager.errors import ConversionError
from packager.layout import Favour
from packager.optimization import choice, words
from packager.optimization.lineage import title
from packager.optimization.making import Made
from packager.optimization.scoring import Scoring
from packager.optimized import Candidate, Objective
from packager.progress import Silence, Steps
from packager.results import EngineChoice
from packager.targets import AnyTarget
from packager.targets.aws_lambda.target import AwsLambda
from packager.targets.edge.target import Edge
from packager.trial import Timed, TrialRoot

_WITH_LIBRARIES = Edge(device="linux-x86_64")
"""Where a candidate shows its own answers before it is written for tiny, if its device has no library."""
OWN_ANSWERS = "own.json"
"""A candidate's own answers to the reference rows, beside its model: what the artifact is held to."""


@dataclass(frozen=True, slots=True)
class Shipping:
    """How the model ships: for which target, by which engine; and what shall become less of it."""

    target: AnyTarget
    wanted: Wanted
    engine_version: str
    favour: Favour | None
    objective: Objective


class Judge:
    """Measures candidates beside the model as converted, whose figures are ``base`` once they are known."""

    def __init__(
        self, shipping: Shipping, scoring: Scoring, base: Conversion, way: Way, scratch: Path, steps: Steps
    ) -> None:
        """Prove the base against the source: VerificationError where the shipped code answers otherwise."""
        self._shipping, self._scoring, self._way, self._scratch = shipping, scoring, way, scratch
        self._row = base.reference
        self._rows = scoring.path
        self.converted, self.base_choice = self._engine(base, scratch / "base-engine", steps)
        self._root = self._lay(self.converted, scratch / "base")
        self._prove(self.converted, steps)
        self._tiny_may = self.base_choice.engine == "tiny" or self._fits_tiny(base)
        self.base: Candidate | None = None
        self.rows_timed = 1

    def measure(self, made: Made, number: str, timed: bool) -> tuple[Candidate, str]:
        """The candidate with its figures, and the reason for its engine; ``timed``: even over the budget."""
        if not made.lineage:
            base = self._timed(self._described(made, number, self._root), self._root)
            return replace(base, outcome="base", why="", latency=None), self.base_choice.why
        if self._shipping.target.favours == "throughput" and row_by_row.mixes_rows(made.converted.model):
            raise ConversionError(
                "the rows of a batch share one range of 8 bits, and each is answered otherwise than alone",
                "int8 for batch jobs is static: --pass static_int8",
            )
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="trial-") as folder:
            root, why = self._lay(made.converted, Path(folder, "library")), "it runs the model's format"
            candidate = self._described(made, number, root)
            # Sizes are told beside those of the base: of the same engine even where nothing will ship.
            if candidate.outcome == "within" or self.base_choice.engine == "tiny":
                taken, chosen = self._by_its_engine(made, root, Path(folder, "engine"))
                why = chosen.why
                if chosen.engine != root.engine:
                    root = self._lay(taken, Path(folder, "root"))
                    candidate = self._described(made, number, root)
            if candidate.outcome == "within" or timed:
                candidate = self._timed(candidate, root)
        return candidate, why

    def _prove(self, base: Conversion, steps: Steps) -> None:
        """The gate that every build has."""
        with steps.step("base") as step:
            cases, signature = probe.read_cases(base.reference), base.model.signature
            allowed = verify.tolerances(signature, cases, self._shipping.wanted.tolerance)
            answers = trial.answers(self._root, base.reference)
            engine = f"{self._root.engine} {self._root.engine_version}"
            found = verify.compare(cases, answers, signature, base.source_of_rows, allowed, engine)
            if not found.passed:
                raise verify.verification_error(found, verify.what_to_do(found))
            step.detail = f"as the source on {found.rows} rows, largest difference {found.max_abs_error:.2g}"

    def _described(self, made: Made, number: str, root: TrialRoot) -> Candidate:
        """Scored, not yet timed."""
        score, drop = self._scoring.of(trial.answers_to_rows(root, self._rows))
        within = self._scoring.holds(drop)
        model = made.converted.model
        return Candidate(
            id=number,
            title=title(made.lineage),
            outcome="within" if within else "over_budget",
            why="" if within else words.too_much(drop, score.metric, self._scoring.allowed),
            passes=made.records,
            parent_sha256=made.parent_sha256,
            sha256=model.sha256,
            engine=root.engine,
            engine_version=root.engine_version,
            sizes=root.sizes,
            score=score,
            drop=drop,
        )

    def _timed(self, candidate: Candidate, root: TrialRoot) -> Candidate:
        """In turn with the base; what keeps the budget and gains nothing is told from what gains."""
        many = self._shipping.target.favours == "throughput"
        found = trial.compare(root, self._root, self._row, many=many)
        self.rows_timed = found.rows
        base, objective = self.base, self._shipping.objective
        candidate = replace(
            candidate,
            latency_ms=found.own_ms,
            latency=found.ratio,
            usd_per_million=self._bill(found),
        )
        if base is None or candidate.outcome != "within" or choice.gains(candidate, base, objective):
            return candidate
        return replace(candidate, outcome="no_gain", why=words.no_gain(candidate, base, objective))

    def _bill(self, found: Timed) -> float | None:
        """Of whole milliseconds: where no difference in time can be told, none is made by rounding it up."""
        target = self._shipping.target
        if not isinstance(target, AwsLambda):
            return None  # a device is paid for already
        bill = prices.load(None, prices.DEFAULT_REGION, target.arch, target.ephemeral_mb)
        base_ms = self.base.latency_ms if self.base else None
        tells = base_ms is not None and found.ratio.verdict in ("smaller", "larger")
        takes_ms = (base_ms or found.own_ms) * (found.ratio.ratio if tells else 1.0)
        return bill.usd_per_million(target.memory_mb, [takes_ms])

    def _by_its_engine(self, made: Made, root: TrialRoot, job: Path) -> tuple[Conversion, EngineChoice]:
        """As the engine that suits it takes it, held to the candidate's own answers by the library."""
        own = self.held_to_itself(made.converted, root)
        if not self._tiny_may:
            return own, EngineChoice(root.engine, self.base_choice.why)
        return self._engine(own, job, Steps(Silence()))

    def _engine(self, converted: Conversion, job: Path, steps: Steps) -> tuple[Conversion, EngineChoice]:
        wanted, target = self._shipping.wanted, self._shipping.target
        return engine_choice.choose(wanted, converted, target, job, self._way, steps)

    def _fits_tiny(self, base: Conversion) -> bool:
        """Whether a candidate may do without the library, though the base does not: where the base can be
        written for tiny at all, and it is not the library's speed that is looked for."""
        shipping = self._shipping
        if (
            base.model.format != "onnx"
            or shipping.wanted.engine is not None
            or shipping.objective == "latency"
        ):
            return False
        try:
            conversion.for_tiny(base, self._scratch / "base-tiny", self._way)
        except ConversionError:
            return False
        return True

    def _lay(self, converted: Conversion, folder: Path) -> TrialRoot:
        shipping, kind = self._shipping, dependencies.kind_for(converted.model.format)
        published = dependencies.is_published(kind, shipping.target.platform)
        target = shipping.target if published else _WITH_LIBRARIES
        return trial.lay(folder, target, converted, shipping.engine_version, shipping.favour)

    def held_to_itself(self, converted: Conversion, root: TrialRoot | None = None) -> Conversion:
        """With the shipped code's own answers as its reference, on the rows of the source's.

        ``root``: where it lies, if it was laid out; kept answers need none.
        """
        path = converted.model.path.parent / OWN_ANSWERS
        if not path.is_file():
            root = root or self._lay(converted, self._scratch / "own")
            cases = probe.read_cases(converted.reference)
            outputs = trial.answers(root, converted.reference).outputs
            own = [probe.Case(case.inputs, said) for case, said in zip(cases, outputs, strict=True)]
            beside = path.with_suffix(".part")  # what is there is whole, whatever ends this process
            probe.write_cases(beside, own)
            if converted.codes:
                codes.write(converted.codes, beside, beside)
            beside.replace(path)
        return replace(converted, reference=path)

    @property
    def python(self) -> Path:
        """The interpreter that runs the shipped code here."""
        return self._root.python
