"""`packager report`: everything that is known of artifacts, as one HTML file."""

from pathlib import Path
from typing import Any

import click

from packager.cli.session import Session, Spinner, output_option

_FILES = click.Path(path_type=Path)


@click.command()
@click.argument("artifacts", nargs=-1, required=True, metavar="ARTIFACT...", type=_FILES)
@click.option(
    "--output",
    type=_FILES,
    default="report.html",
    show_default=True,
    metavar="FILE",
    help="Where to write it.",
)
@click.option(
    "--bench", multiple=True, type=_FILES, metavar="FILE", help="What `packager bench --save` wrote."
)
@click.option("--tune", multiple=True, type=_FILES, metavar="FILE", help="What `packager tune --save` wrote.")
@click.option(
    "--sizes", multiple=True, type=_FILES, metavar="FILE", help="What `packager explain-size --save` wrote."
)
@click.option(
    "--measure", is_flag=True, help="Run `packager bench` and `packager tune` first, and save what they find."
)
@click.option("--open", "show", is_flag=True, help="Open the report in the browser.")
@output_option
@click.pass_obj
def report(
    session: Session, /, artifacts: tuple[Path, ...], output: Path, measure: bool, show: bool, **files: Any
) -> None:
    """Write one HTML file about ARTIFACT (dist/NAME/lambda) that opens offline, and its figures as JSON.

    Its size, cold start, latency and cost are shown as far as they were measured: bench.json, tune.json and
    sizes.json are read from the folder above ARTIFACT unless they are named. Several artifacts stand side by
    side; files that are named belong to them in order.
    """
    from packager.html_report import page, reading

    if max(map(len, files.values())) > len(artifacts):
        raise click.UsageError("there are more files of figures than artifacts")
    if measure and (files["bench"] or files["tune"]):
        raise click.UsageError("--measure makes the figures: leave out --bench and --tune")
    if measure:
        _measure(artifacts)
    written = page.write(reading.read_subjects(artifacts, **files), output)
    if session.as_json:
        session.answer_json(page.answer(written))
    else:
        for sentence in written.sentences:
            click.echo(sentence)
        click.echo(f"written: {written.html}, and its figures as {written.figures}")
    for command in written.missing:
        session.say(f"not known yet: {command}")
    if show:
        click.launch(str(written.html.resolve()))


def _measure(artifacts: tuple[Path, ...]) -> None:
    from packager.html_report.measuring import measure

    with Spinner() as spinner:
        for artifact in artifacts:
            measure(artifact, spinner)
