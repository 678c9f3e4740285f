"""`packager bench`: an artifact's size, cold start, warm latency and memory, alone or beside another."""

from pathlib import Path
from typing import Any

import click

from packager.cli.session import Session, Spinner, output_option, save_option


@click.command()
@click.argument("artifact", type=click.Path(path_type=Path))
@click.option(
    "--against",
    multiple=True,
    metavar="OTHER",
    help="Measure it in turn with another artifact, or with `naive` (FastAPI, Mangum and onnxruntime), "
    "`sklearn` or `hello`, which are made here. Repeatable.",
)
@click.option(
    "--rounds", type=click.IntRange(1), default=60, show_default=True, help="At most so many cold starts."
)
@click.option(
    "--warm",
    "calls",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="At least so many warm requests.",
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
    session: Session, /, artifact: Path, against: tuple[str, ...], save: Path | None, **given: Any
) -> None:
    """Measure ARTIFACT (dist/NAME/lambda, or with --handler any function's folder or zip).

    Each cold start is a fresh process of Lambda's own runtime interface client. A wrong answer ends it with
    exit code 15. Where the times do not settle, it says so and gives no verdict.
    """
    from packager.benchmark import table
    from packager.benchmark.comparison import Asked, compare

    asked = Asked(given["handler"], given["python"], given["event"])
    with Spinner() as spinner:
        found = compare(artifact, against, asked, given["rounds"], given["calls"], spinner)
    session.answer_figures(found, save, lambda: click.echo("\n".join(table.lines(found))))
