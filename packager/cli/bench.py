"""`packager bench`: an artifact's size, cold start, warm latency and memory, alone or beside another."""

from pathlib import Path
from typing import Any

import click

from packager.cli.session import Session, Spinner, output_option, save_option


@click.command()
@click.argument("artifacts", nargs=-1, required=False, metavar="ARTIFACT | [NAME]...")
@click.option(
    "--suite",
    "of_suite",
    is_flag=True,
    help="Convert, optimise, package and measure published models (those of these NAMEs, or all), into one "
    "table. Each is fetched from the package index; its licence is shown.",
)
@click.option(
    "--max-minutes",
    type=click.FloatRange(0, min_open=True),
    help="For each search of the suite. Default: 4.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="OTHER",
    help="Measure it in turn with another artifact, or with `naive` (FastAPI, Mangum and onnxruntime), "
    "`sklearn` or `hello`, which are made here. Repeatable.",
)
@click.option(
    "--rounds", type=click.IntRange(1), help="At most so many cold starts. Default: 60; in the suite 10."
)
@click.option(
    "--warm",
    "calls",
    type=click.IntRange(1),
    help="At least so many warm requests. Default: 1000; in the suite 200.",
)
@click.option(
    "--event",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The event as JSON. Default: the artifact's own events/predict.json.",
)
@click.option("--handler", metavar="MODULE.NAME", help="For a folder or zip that packager did not make.")
@click.option(
    "--python",
    "python",
    default="3.13",
    show_default=True,
    metavar="3.N",
    help="The Python of such a folder or zip.",
)
@save_option
@output_option
@click.pass_obj
def bench(
    session: Session, /, artifacts: tuple[str, ...], of_suite: bool, save: Path | None, **given: Any
) -> int:
    """Measure ARTIFACT (dist/NAME/lambda, or with --handler any function's folder or zip).

    Each cold start is a fresh process of Lambda's own runtime interface client. A wrong answer ends it with
    exit code 15. Where the times do not settle, it says so and gives no verdict. A model of the suite that
    fails is a row of its table; the run goes on and ends with 15.
    """
    if of_suite:
        return _run_suite(session, artifacts, save, given)
    if len(artifacts) != 1:
        raise click.UsageError("name one ARTIFACT; others to measure beside it are named by --against")
    from packager.benchmark import table
    from packager.benchmark.comparison import Asked, compare

    asked = Asked(given["handler"], given["python"], given["event"])
    rounds, calls = given["rounds"] or 60, given["calls"] or 1000
    with Spinner() as spinner:
        found = compare(Path(artifacts[0]), given["against"], asked, rounds, calls, spinner)
    session.answer_figures(found, save, lambda: click.echo("\n".join(table.lines(found))))
    return 0


def _run_suite(session: Session, names: tuple[str, ...], save: Path | None, given: dict[str, Any]) -> int:
    from packager.errors import BenchmarkError
    from packager.suite import running, table

    usual = running.Effort()
    effort = running.Effort(
        max_minutes=given["max_minutes"] or usual.max_minutes,
        cold_rounds=given["rounds"] or usual.cold_rounds,
        warm_calls=given["calls"] or usual.warm_calls,
    )
    with Spinner() as spinner:
        found = running.run(names, effort, spinner)
    as_text = save is not None and save.suffix == ".md"
    session.answer_figures(found, None if as_text else save, lambda: table.show(found))
    if save is not None and as_text:
        save.write_text(table.markdown(found), encoding="utf-8")
    return BenchmarkError.exit_code if found.failed else 0
