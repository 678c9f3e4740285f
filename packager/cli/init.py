"""`packager init`: a configuration to start from."""

from pathlib import Path

import click

from packager.cli.session import Session, output_option
from packager.errors import ConfigError


@click.command()
@click.argument("model", type=click.Path(path_type=Path), default=Path("model.joblib"))
@click.option("--force", is_flag=True, help="Replace a packager.toml that is there.")
@output_option
@click.pass_obj
def init(session: Session, model: Path, force: bool) -> None:
    """Write packager.toml for MODEL in this folder, with every option and its default."""
    from packager import config

    path = Path(config.FILE_NAME)
    if path.exists() and not force:
        raise ConfigError(f"{path} exists and is not replaced", "edit it, or give --force")
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(config.starter(model))
    beside.replace(path)
    session.say(f"wrote {path}; next: packager build")
    if session.as_json:
        session.answer_json({"path": str(path)})
