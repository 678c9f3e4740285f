"""Submits an artifact's job: look, deploy, plan, register, start. Again is as good as once."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packager import assembly, evidence
from packager.errors import ArtifactError, ConfigError, SubmitError
from packager.invoke.job import open_job, refuse_own
from packager.submit import definitions, jobs, stack
from packager.submit.cloud import Cloud
from packager.submit.planned import Planned, plan, split
from packager.targets.batch import aws

Say = Callable[[str], None]
_OWN = ("--input", "--output", "--endpoint-url")
OF_STACK = "stack"
"""Instead of a state machine's ARN: the stack's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be submitted, and where to. ``stack`` is looked at for what is not named; ``options`` are
    the job's own."""

    artifact: Path
    input: tuple[str, ...]
    output: str
    options: tuple[str, ...] = ()
    image: str = ""
    queue: str = ""
    stack: str = ""
    deploy: bool = False
    parameters: tuple[str, ...] = ()
    roles: tuple[str, str] = ("", "")
    log_group: str = ""
    array_size: int | None = None
    state_machine: str = ""
    endpoint_url: str = ""
    wait: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Submitted:
    """What was done. ``kind``: job, array, execution, or nothing, where all is done already."""

    kind: str
    plan: str
    shards: int
    left: int
    files: int
    size_bytes: int
    jobs: int
    queue: str
    job_definition: str
    is_new_definition: bool
    identifier: str | None
    status: str
    follow: tuple[str, ...]


def submit(asked: Asked, say: Say) -> Submitted:
    """Submit what is not done of the job."""
    name, template = _read(asked.artifact)
    for uri in (*asked.input, asked.output):
        split(uri)
    refuse_own(asked.options, _OWN)
    cloud = Cloud(asked.endpoint_url)
    around = _stack(cloud, asked, name, say)
    places = {
        aws.IMAGE: asked.image,
        aws.EXECUTION_ROLE: asked.roles[0] or around.get("ExecutionRole", ""),
        aws.JOB_ROLE: asked.roles[1] or around.get("JobRole", ""),
        aws.LOG_GROUP: asked.log_group or around.get("Log", ""),
        aws.REGION: cloud.region,
    }
    machine = _machine(asked, around)
    queue = jobs.find_queue(cloud, _queue(asked, around, name))
    # What is missing is said before the plan, and nothing is registered where that fails.
    definition = definitions.register(cloud, template, places, dry_run=True)
    planned = _plan(cloud, asked, say)
    if planned.is_complete:
        return _submitted(planned, queue, definition, jobs.Started("nothing", "", 0, ()), "complete")
    # Where all shards are done and the manifest is not there yet, one job writes it.
    count = jobs.job_count(len(planned.left), asked.array_size) if planned.left else 1
    definition = definitions.register(cloud, template, places, asked.dry_run)
    started, status = _start(cloud, asked, machine, (queue, definition.arn), planned, count)
    if asked.wait and not asked.dry_run:
        status = jobs.wait(cloud, started, say)
    return _submitted(planned, queue, definition, started, status)


def _read(artifact: Path) -> tuple[str, dict[str, object]]:
    """The artifact's name and its job definition."""
    path = artifact / aws.DEFINITION
    if not path.is_file():
        raise ArtifactError(
            f"{artifact} is not a batch job", "packager build MODEL --target batch makes one: dist/NAME/batch"
        )
    return evidence.read(artifact).configuration.name, json.loads(path.read_bytes())


def _stack(cloud: Cloud, asked: Asked, name: str, say: Say) -> dict[str, str]:
    called = asked.stack or aws.stack_name(name)
    if asked.deploy and not asked.dry_run:
        given = stack.given(asked.image, asked.input, asked.output, asked.parameters)
        return stack.deploy(cloud, called, asked.artifact, given, say)
    # Who names queue and roles may have no right to look at stacks.
    if asked.queue and not asked.stack:
        return {}
    if not asked.roles[1] and not asked.deploy:
        stack.refuse_other_places(cloud, called, asked.input, asked.output)
    return stack.outputs(cloud, called)


def _queue(asked: Asked, around: dict[str, str], name: str) -> str:
    queue = asked.queue or around.get("JobQueue", "")
    if not queue:
        if asked.deploy:
            raise SubmitError("a dry run makes no stack, and there is none yet", "leave out --dry-run")
        raise SubmitError(
            f"there is no stack {asked.stack or aws.stack_name(name)} to take a job queue from",
            "name the queue: --queue NAME, or let the stack be made: --deploy --image URI --parameter …",
        )
    return queue


def _machine(asked: Asked, around: dict[str, str]) -> str:
    if asked.state_machine != OF_STACK:
        return asked.state_machine
    if "StateMachine" not in around:
        raise SubmitError(
            "there is no stack to take a state machine from", "name it: --state-machine ARN, or --stack"
        )
    return around["StateMachine"]


def _plan(cloud: Cloud, asked: Asked, say: Say) -> Planned:
    (target,) = evidence.read(asked.artifact).configuration.targets
    here = assembly.on_this_machine(target, asked.artifact)
    job = open_job(here.root, here.python, here.library, say)
    say(f"planning {', '.join(asked.input)}")
    arguments = [word for uri in asked.input for word in ("--input", uri)]
    arguments += ["--endpoint-url", asked.endpoint_url] if asked.endpoint_url else []
    return plan(cloud, job, asked.output, [*arguments, *asked.options], dry_run=asked.dry_run)


def _start(
    cloud: Cloud, asked: Asked, machine: str, run_by: tuple[str, str], planned: Planned, count: int
) -> tuple[jobs.Started, str]:
    if machine:
        if not planned.left:
            raise ConfigError(
                "all shards are done: the manifest alone is no work for a state machine", "submit a job"
            )
        items = jobs.groups(planned, count)
        if asked.dry_run:
            return jobs.Started("execution", "", count, ()), "not submitted"
        return jobs.execute(cloud, machine, planned, items, run_by), "submitted"
    called = run_by[1].rpartition("/")[2].partition(":")[0]
    request = jobs.submission(called, *run_by, planned, count, asked.endpoint_url)
    if asked.dry_run:
        return jobs.Started("array" if count > 1 else "job", "", count, ()), "not submitted"
    return jobs.start(cloud, request), "submitted"


def _submitted(
    planned: Planned, queue: str, definition: definitions.Registered, started: jobs.Started, status: str
) -> Submitted:
    return Submitted(
        kind=started.kind, plan=planned.uri, shards=planned.shards, left=len(planned.left),
        files=planned.files, size_bytes=planned.size_bytes, jobs=started.jobs, queue=queue,
        job_definition=definition.arn, is_new_definition=definition.is_new,
        identifier=started.identifier or None, status=status, follow=started.follow,
    )  # fmt: skip
