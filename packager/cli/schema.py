"""`packager schema`: for editors and pipelines."""

import click

from packager.cli.session import Session, output_option


@click.command()
@output_option
@click.pass_obj
def schema(session: Session) -> None:
    """Print the JSON schema of packager.toml, which is JSON in either way of answering."""
    from packager import config

    session.answer_json(config.schema())
