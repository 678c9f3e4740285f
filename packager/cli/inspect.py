"""`packager inspect`: what stands in a model file."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from packager.cli.session import Session, output_option
from packager.cli.source_options import Source, source_options


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@source_options
@output_option
@click.pass_obj
def inspect(session: Session, model: Path, source: Source) -> None:
    """Show the framework, the version that wrote MODEL, its signature, its size and what would be loaded.

    Nothing that the file asks for is run: a pickle is read by an allow-list.
    """
    from packager import conversion, report
    from packager.worker import Limits, WorkerRequest

    with tempfile.TemporaryDirectory(prefix="packager-") as job:
        request = WorkerRequest(
            action="inspect",
            source=model,
            samples=source.samples,
            allow=source.allow,
            torch_model=source.torch_model,
            import_paths=(Path.cwd(), model.resolve().parent),
        )
        way = conversion.Way(
            Limits(source.timeout_s or 600.0, source.memory_mb),
            source.worker or "matched",
            bool(source.offline),
            session.say,
        )
        found, notes = conversion.inspect(request, Path(job), way)
    if session.as_json:
        session.answer_json({**asdict(found), "notes": notes})
    else:
        report.show_source(found, notes)
