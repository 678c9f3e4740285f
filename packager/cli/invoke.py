"""`packager invoke`: one event to an artifact on this machine, and its answer."""

from pathlib import Path

import click

from packager.cli.session import Session, output_option


@click.command()
@click.argument("artifact", type=click.Path(path_type=Path))
@click.option(
    "--event",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The event as JSON; `-` reads stdin. Default: the artifact's own events/predict.json.",
)
@click.option(
    "--with",
    "runner",
    type=click.Choice(["emulator", "sam"]),
    default="emulator",
    show_default=True,
    help="The Lambda Runtime Interface Emulator, without a container engine; or the SAM CLI.",
)
@click.option("--image", is_flag=True, help="With sam: run the container image instead of the zip.")
@output_option
@click.pass_obj
def invoke(session: Session, artifact: Path, event: Path | None, runner: str, image: bool) -> None:
    """Run ARTIFACT (dist/NAME/lambda) with an event and print the answer.

    stdout holds the function's answer as JSON; times go to stderr. A function that fails or does not
    answer ends with exit code 13; a refused request (4xx) is an answer.
    """
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
