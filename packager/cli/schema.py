"""`packager schema`: for editors and pipelines."""

import click

from packager.cli.session import Session


@click.command()
@click.pass_obj
def schema(session: Session) -> None:
    """Print the JSON schema of packager.toml."""
    from packager import config

    session.answer_json(config.schema())
