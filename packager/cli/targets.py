"""`packager targets`: what can be built for, with every option."""

import click

from packager.cli.listing import lines
from packager.cli.session import Session, output_option


@click.command()
@output_option
@click.pass_obj
def targets(session: Session) -> None:
    """List the targets and their options with their defaults."""
    from packager.targets import TARGETS

    schemas = {target.folder: target.model_json_schema() for target in TARGETS.values()}
    if session.as_json:
        session.answer_json(schemas)
        return
    for name, schema in schemas.items():
        click.echo("\n".join(lines(name, schema)))
