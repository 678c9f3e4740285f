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
    from packager.targets.edge import profile

    schemas = {target.folder: target.model_json_schema() for target in TARGETS.values()}
    devices = {name: profile.find(name) for name in profile.names()}
    if session.as_json:
        known = {name: device.model_dump(mode="json") for name, device in devices.items()}
        session.answer_json({**schemas, "devices": known})
        return
    for name, schema in schemas.items():
        click.echo("\n".join(lines(name, schema)))
    click.echo("devices: what --device knows (--target edge)")
    for name, device in devices.items():
        click.echo(f"  {name:<20} {device.title}\n  {'':<20}   {device.told}")
