"""`packager submit`: a batch job to AWS Batch, as one job, as an array, or under the state machine."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli.session import Session, output_option

if TYPE_CHECKING:
    from packager.submit.submitting import Submitted


@click.command()
@click.argument("artifact", type=click.Path(path_type=Path))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--input", "inputs", multiple=True, required=True, metavar="URI", help="s3://…; more than once."
)
@click.option("--output", required=True, metavar="URI", help="s3://bucket/prefix/ for answers and the plan.")
@click.option(
    "--image", default="", metavar="URI", help="The job's image. Default: that of its newest revision."
)
@click.option("--queue", default="", metavar="NAME|ARN", help="The job queue. Default: the stack's.")
@click.option(
    "--stack", default="", metavar="NAME", help="The CloudFormation stack. Default: the artifact's name."
)
@click.option("--deploy", is_flag=True, help="Create or update the stack first.")
@click.option(
    "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Of the stack, with --deploy."
)
@click.option(
    "--execution-role", default="", metavar="ARN", help="What starts the job. Default: the stack's."
)
@click.option("--job-role", default="", metavar="ARN", help="What the job may do. Default: the stack's.")
@click.option("--log-group", default="", metavar="NAME", help="Default: the stack's.")
@click.option(
    "--array-size", default="auto", metavar="N|auto",
    help="How many jobs share the shards. Default: one for every 16 that are not done.",
)  # fmt: skip
@click.option(
    "--state-machine",
    default="",
    metavar="ARN|stack",
    help="Run the plan as a map of this one; `stack`: the stack's.",
)
@click.option("--endpoint-url", default="", metavar="URL", help="Instead of AWS' own, for every service.")
@click.option("--wait", is_flag=True, help="Return when it has ended; exit code 13 where it failed.")
@click.option("--dry-run", is_flag=True, help="Look and plan; write, register and submit nothing.")
@output_option
@click.pass_obj
def submit(session: Session, /, artifact: Path, array_size: str, **asked: Any) -> None:
    """Submit ARTIFACT (dist/NAME/batch) to AWS Batch; OPTIONS of the job's plan stand behind `--`.

    The artifact's own code plans, and the plan lies in the output. Submitted again, only what is not done is
    run once more. What AWS refuses ends with exit code 19.
    """
    from packager.submit.submitting import Asked
    from packager.submit.submitting import submit as do

    if asked["parameters"] and not asked["deploy"]:
        raise click.UsageError("--parameter is for --deploy")
    found = do(
        Asked(
            artifact=artifact, input=asked["inputs"], output=asked["output"], options=asked["options"],
            image=asked["image"], queue=asked["queue"], stack=asked["stack"], deploy=asked["deploy"],
            parameters=asked["parameters"], roles=(asked["execution_role"], asked["job_role"]),
            log_group=asked["log_group"], array_size=_size(array_size), state_machine=asked["state_machine"],
            endpoint_url=asked["endpoint_url"], wait=asked["wait"], dry_run=asked["dry_run"],
        ),
        session.say,
    )  # fmt: skip
    if session.as_json:
        session.answer_json(asdict(found))
    else:
        _show(found)


def _size(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise click.UsageError(f"--array-size is {text!r}: a whole number from 1 on, or auto")
    return int(text)


def _show(found: "Submitted") -> None:
    size = f"{found.files} files, {found.size_bytes / 1e6:.1f} MB, {found.shards} shards"
    left = f"{found.left} shards" if found.left else "the manifest"
    rows = {
        "plan": f"{found.plan or 'not written'}: {size}",
        "to do": left if found.kind != "nothing" else "nothing: it is complete",
        "definition": f"{found.job_definition}{', new' if found.is_new_definition else ''}",
        "queue": found.queue,
    }
    if found.kind != "nothing":
        many = f" of {found.jobs} jobs" if found.jobs > 1 else ""
        rows[found.kind] = f"{found.identifier or '-'}{many}: {found.status}"
    for name, value in rows.items():
        click.echo(f"{name:<11} {value}")
    for command in found.follow:
        click.echo(f"follow      {command}")
