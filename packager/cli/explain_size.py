"""`packager explain-size`: where the bytes of a function are, and what of them could go."""

from pathlib import Path
from typing import Any

import click

from packager.cli.session import Session, Spinner, output_option, save_option


@click.command("explain-size")
@click.argument("path", metavar="ARTIFACT|DIR|ZIP", type=click.Path(path_type=Path))
@click.option(
    "--handler",
    metavar="MODULE.NAME",
    help="The function's handler. Default: what a template beside it or its modules say.",
)
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An event as JSON whose answer must stay the same. Repeatable.",
)
@click.option(
    "--python", metavar="3.N", help="The function's Python. Default: what its files are compiled for."
)
@click.option(
    "--apply",
    "dest",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write it without all that is safely cut: a zip (OUT.zip) or a folder.",
)
@save_option
@output_option
@click.pass_obj
def explain_size(session: Session, /, path: Path, save: Path | None, dest: Path | None, **given: Any) -> None:
    """Say where the bytes of a function's zip, a layer or a folder are, whoever made it.

    Every cut is tried on a copy: one is safe when the function does the same without it. The code in it is
    run for that, so name only files whose origin you know.
    """
    from packager import sizes
    from packager.sizes import table

    asked = sizes.Asked(given["handler"], given["events"], given["python"])
    with Spinner() as spinner:
        spinner.started("explain")
        found = sizes.explain(path, asked, dest, spinner.said)
    session.answer_figures(found, save, lambda: click.echo("\n".join(table.lines(found))))
