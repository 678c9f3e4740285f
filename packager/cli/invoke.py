"""`packager invoke`: one event to an artifact on this machine, and its answer."""

from pathlib import Path

import click

from packager.cli.session import Session, output_option


@click.command()
@click.argument("artifact", type=click.Path(path_type=Path))
@click.option(
    "--event", type=click.Path(path_type=Path), metavar="FILE",
    help="The event as JSON; `-` reads stdin. Default: the artifact's own events/predict.json.",
)
@click.option(
    "--with", "runner", type=click.Choice(["emulator", "sam"]), default="emulator", show_default=True,
    help="The Lambda Runtime Interface Emulator, without a container engine; or the SAM CLI.",
)
@click.option("--image", is_flag=True, help="With sam: run the container image instead of the zip.")
@output_option
@click.pass_obj
def invoke(session: Session, artifact: Path, event: Path | None, runner: str, image: bool) -> None: 
    """Run ARTIFACT (dist/NAME/lambda) with an event and print the answer.

    stdout holds the function's answer as JSON; times go to stderr. An answer that is an error ends
    with exit code 13.
    """
    from packager import running

    invocation = running.invoke(artifact, event, runner, image=image)
    session.answer_json(invocation.document)
    session.say(running.times(invocation))
