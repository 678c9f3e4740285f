"""`packager targets`: what can be built for, with every option."""

from typing import Any

import click

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
        click.echo(f"{name}: {' '.join(schema['description'].split())}")
        for option, field in schema["properties"].items():
            if option != "kind":
                click.echo(
                    f"  {option:<20} {_default(field):<12} {field.get('description', '')}{_choices(field)}"
                )


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    return str(value).lower() if isinstance(value, bool) else "-" if value in (None, {}, "") else str(value)


def _choices(field: dict[str, Any]) -> str:
    values = field.get("enum", ())
    return f" ({', '.join(map(str, values))})" if 0 < len(values) <= 6 else ""
