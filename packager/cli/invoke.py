"""`packager invoke`: one event or some rows to an artifact on this machine, and the answers."""

import json
from pathlib import Path
from typing import Any

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
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTIONS OF A JOB]")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE|URI",
    help="Of a bundle: rows as JSON lines or CSV; `-` reads stdin. Of a batch job: files, folders or globs, "
    "here or s3://…; repeatable. Default: golden rows.",
)
@click.option(
    "--output",
    metavar="DIR|URI",
    help="Of a batch job: where its answers go, and what it goes on with. Default: nowhere, a few are shown.",
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
def invoke(session: Session, /, artifact: Path, **given: Any) -> None:
    """Run ARTIFACT (dist/NAME/lambda, dist/NAME/edge, dist/NAME/batch) here and print what it answers.

    stdout holds a function's answer as JSON, a bundle's as a line of JSON for each row, of a batch job the
    first answers and its metrics; all else goes to stderr. One that fails or does not answer ends with exit
    code 13; a refused request or row is an answer. A batch job that was interrupted ends with 75.
    """
    _refuse_strange_options(artifact, given)
    if (artifact / "job").is_dir():
        _run_job(session, artifact, given["inputs"], given["output"], given["more"])
    elif (artifact / "bundle").is_dir():
        rows = Path(given["inputs"][0]) if given["inputs"] else None
        _ask_bundle(session, artifact, given["event"], rows)
    else:
        _ask_function(session, artifact, given["event"], given["runner"], given["image"])


def _refuse_strange_options(artifact: Path, given: dict[str, Any]) -> None:
    """What is meant for an artifact of another kind."""
    inputs, event, more = given["inputs"], given["event"], given["more"]
    of_function = given["runner"] or given["image"]
    if (artifact / "job").is_dir():
        if of_function or event:
            raise click.UsageError("--event, --with and --image are for functions, and this is a batch job")
        return
    if more or given["output"]:
        raise click.UsageError(f"{more[0] if more else '--output'} is for batch jobs, and this is none")
    if (artifact / "bundle").is_dir():
        if of_function:
            raise click.UsageError("--with and --image are for functions, and this is a bundle for a device")
        if len(inputs) + bool(event) > 1:
            raise click.UsageError("give one file of rows with --input or one request with --event, not both")
    elif inputs and (artifact / "template.yaml").is_file():
        raise click.UsageError("--input is for bundles and jobs; a function takes one event: --event FILE")


def _run_job(
    session: Session, artifact: Path, inputs: tuple[str, ...], output: str | None, more: tuple[str, ...]
) -> None:
    from packager import assembly, evidence
    from packager.invoke import job_run
    from packager.invoke.job import open_job, refuse_own

    (target,) = evidence.read(artifact).configuration.targets
    here = assembly.on_this_machine(target, artifact)
    session.say(f"by {here.engine}")
    # What a shell made of `--input data/*.csv`: all but the first stand by themselves.
    others = next((at for at, word in enumerate(more) if word.startswith("-")), len(more))
    if others and not inputs:
        raise click.UsageError(f"what is {more[0]}? Name files with --input")
    refuse_own(more, ("--output",))
    job = open_job(here.root, here.python, here.library, session.say)
    asked = job_run.Asked((*inputs, *more[:others]), output, more[others:])
    ran = job_run.run(job, asked)
    if session.as_json:
        session.answer_json(ran.metrics)
        return
    session.say("the first answers, and the metrics:" if ran.first else "the metrics:")
    for row in ran.first:
        click.echo(json.dumps(row, ensure_ascii=False))
    click.echo(json.dumps(ran.metrics, ensure_ascii=False))
    if output is None:
        session.say("the answers were not kept: name a place with --output")


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
