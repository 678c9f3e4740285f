"""`packager verify`: an artifact on disk."""

from dataclasses import asdict
from pathlib import Path

import click

from packager.cli.session import Session, Spinner, output_option


@click.command()
@click.argument("artifact", type=click.Path(path_type=Path))
@click.option("--rebuild", is_flag=True, help="Build again from the same model and compare every byte.")
@output_option
@click.pass_obj
def verify(session: Session, artifact: Path, rebuild: bool) -> None:
    """Check ARTIFACT (dist/NAME/lambda): every file's digest, then the golden answers by what ships."""
    from packager import report
    from packager.audit import audit

    with Spinner() as spinner:
        found = audit(artifact, rebuild, spinner)
    if session.as_json:
        session.answer_json(asdict(found))
        return
    click.echo(f"{found.path}: {found.files} files are what was built")
    click.echo(report.verification_sentence(found.verification))
    if found.rebuilt_files is not None:
        click.echo(f"built again: {found.rebuilt_files} files, byte for byte the same")
