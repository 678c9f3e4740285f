"""`packager invoke`: one event or some rows to an artifact on this machine, and the answers."""

import json
from pathlib import Path

import click

from packager.cli.session import Session, output_option

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("artifact", type=click.Path(path_type=Path))
@click.option(
    "--event",
    type=_FILE,
    metavar="FILE",
    help="The event (of a bundle: a request) as JSON; `-` reads stdin. Default: one of the artifact's own.",
)
@click.option(
    "--input",
    "rows",
    type=_FILE,
    metavar="FILE",
    help="Of a bundle: rows as JSON lines or CSV; `-` reads stdin.",
)
@click.option(
    "--with",
    "runner",
    type=click.Choice(["emulator", "sam"]),
    help="Of a function: the Lambda Runtime Interface Emulator, the default; or the SAM CLI.",
)
@click.option("--image", is_flag=True, help="With sam: run the container image instead of the zip.")
@output_option
@click.pass_obj
def invoke(
    session: Session,
    artifact: Path,
    event: Path | None,
    rows: Path | None,
    runner: str | None,
    image: bool,
) -> None:
    """Run ARTIFACT (dist/NAME/lambda, dist/NAME/edge) here and print what it answers.

    stdout holds a function's answer as JSON, a bundle's as a line of JSON for each row; all else goes to
    stderr. One that fails or does not answer ends with exit code 13; a refused request or row is an answer.
    """
    if (artifact / "bundle").is_dir():
        if runner or image:
            raise click.UsageError("--with and --image are for functions, and this is a bundle for a device")
        if event and rows:
            raise click.UsageError("give rows with --input or one request with --event, not both")
        _ask_bundle(session, artifact, event, rows)
        return
    if rows and (artifact / "template.yaml").is_file():
        raise click.UsageError("--input is for bundles; a function takes one event: --event FILE")
    _ask_function(session, artifact, event, runner, image)


def _ask_bundle(session: Session, artifact: Path, event: Path | None, rows: Path | None) -> None:
    from packager import assembly, evidence
    from packager.invoke import device

    (target,) = evidence.read(artifact).configuration.targets
    here = assembly.on_this_machine(target, artifact)
    session.say(f"by {here.engine}")
    answers = device.predict(here.root, here.python, here.library, device.Asked(rows, event))
    if session.as_json:
        session.answer_json({"answers": [json.loads(line) for line in answers]})
        return
    for line in answers:
        click.echo(line, nl=False)


def _ask_function(
    session: Session, artifact: Path, event: Path | None, runner: str | None, image: bool
) -> None:
    from packager.invoke import emulator, events, sam
    from packager.invoke.template import read_function

    if image and runner != "sam":
        raise click.UsageError("--image goes with --with sam: an image runs in a container engine")
    read_function(artifact)  # a folder that is no artifact is said before anything else
    document = events.read_event(artifact, event)
    say = session.say
    if runner == "sam":
        invocation = sam.invoke(artifact, document, image=image, progress=say)
    else:
        invocation = emulator.invoke(artifact, document, progress=say)
    answered = invocation.or_error()
    session.answer_json(answered.document)
    if answered.init_ms is not None and answered.run_ms is not None:
        session.say(f"init {answered.init_ms:.0f} ms, run {answered.run_ms:.1f} ms (by the emulator's clock)")
