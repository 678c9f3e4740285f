"""Submits what is not done: one job, an array of them, or an execution of the state machine; and waits."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from packager.errors import InvokeError, SubmitError
from packager.submit.cloud import Cloud
from packager.submit.planned import Planned, ranges, split
from packager.targets.batch import quotas

SHARDS_PER_JOB = 16
"""A container needs half a minute to start; so many shards are a few million rows."""
_POLL_S = 5.0
_ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True, slots=True)
class Started:
    """What runs now: a job's id, or the ARN of an execution; ``follow`` are commands that show it."""

    kind: str
    identifier: str
    jobs: int
    follow: tuple[str, ...]


def find_queue(cloud: Cloud, queue: str) -> str:
    """The queue's ARN; SubmitError where there is none, or where it takes no jobs."""
    found = cloud.call("batch", "describe_job_queues", jobQueues=[queue])["jobQueues"]
    if not found:
        raise SubmitError(f"there is no job queue {queue} in {cloud.region}", "aws batch describe-job-queues")
    state, status = found[0]["state"], found[0].get("status", "VALID")
    if state != "ENABLED":
        raise SubmitError(
            f"the job queue {queue} is disabled",
            f"aws batch update-job-queue --job-queue {queue} --state ENABLED",
        )
    if status not in ("VALID", "CREATING", "UPDATING"):
        raise SubmitError(f"the job queue {queue} is {status.lower()}", "aws batch describe-job-queues")
    return str(found[0]["jobQueueArn"])


def job_count(left: int, asked: int | None) -> int:
    """How many jobs share the shards that are left: not more than there are shards."""
    most: int = quotas.table()["job"]["array_size"][1]
    if asked is not None and asked > most:
        quotas.check_array_size(asked)
    return min(asked or -(-left // SHARDS_PER_JOB), left, most)


def submission(
    name: str, queue: str, definition: str, planned: Planned, jobs: int, url: str
) -> dict[str, Any]:
    """What AWS Batch is given: a plain job, or an array where ``jobs`` is more than one."""
    command = ["run", "--plan", planned.uri]
    command += ["--endpoint-url", url] if url else []
    request: dict[str, Any] = {"jobName": name, "jobQueue": queue, "jobDefinition": definition}
    if jobs > 1:
        request["arrayProperties"] = {"size": jobs}
        command += ["--array-size", str(jobs)]
    request["containerOverrides"] = {"command": command}
    if len(planned.left) < planned.shards:
        # So that the children share what is left evenly; too long a list is left out: they skip what is done.
        listed = {"command": [*command, "--shards", ranges(planned.left)]}
        if len(json.dumps(listed)) <= quotas.table()["overrides"]["bytes"]:
            request["containerOverrides"] = listed
    quotas.check_submission(request)
    return request


def start(cloud: Cloud, request: dict[str, Any]) -> Started:
    """Submit a job."""
    identifier = str(cloud.call("batch", "submit_job", **request)["jobId"])
    size = request.get("arrayProperties", {}).get("size", 1)
    follow = [f"aws batch describe-jobs --jobs {identifier}"]
    if size > 1:
        follow.append(f"aws batch list-jobs --array-job-id {identifier} --job-status FAILED")
    return Started("array" if size > 1 else "job", identifier, size, tuple(follow))


def groups(planned: Planned, jobs: int) -> list[str]:
    """The items of the state machine's map: which shards each job has. Where the list of a group is too long
    for what a job may override, its bounds stand for it: what is done between them is skipped."""
    left, count = planned.left, len(planned.left)
    found = []
    for at in range(jobs):
        group = left[count * at // jobs : count * (at + 1) // jobs]
        listed = ranges(group)
        found.append(listed if _fits(planned.uri, listed) else f"{group[0]}-{group[-1]}")
    return found


def _fits(plan: str, shards: str) -> bool:
    """Whether a job can be told these shards, as the state machine tells it."""
    overrides = {"command": ["run", "--plan", plan, "--shards", shards]}
    most: int = quotas.table()["overrides"]["bytes"]
    return len(json.dumps(overrides)) <= most


def execute(
    cloud: Cloud, machine: str, planned: Planned, items: list[str], run_by: tuple[str, str]
) -> Started:
    """Put the items beside the plan, and start the state machine over them."""
    bucket, key = split(planned.uri)
    body = json.dumps(items).encode()
    place = f"{key.rpartition('/')[0]}/items-{hashlib.sha256(body).hexdigest()}.json"
    queue, definition = run_by
    given = {"plan": planned.uri, "bucket": bucket, "items": place, "queue": queue, "definition": definition}
    quotas.check_execution(given, len(items))
    cloud.call("s3", "put_object", Bucket=bucket, Key=place, Body=body)
    answer = cloud.call("stepfunctions", "start_execution", stateMachineArn=machine, input=json.dumps(given))
    arn = str(answer["executionArn"])
    return Started(
        "execution", arn, len(items), (f"aws stepfunctions describe-execution --execution-arn {arn}",)
    )


def wait(cloud: Cloud, started: Started, say: Callable[[str], None]) -> str:
    """Return when it has succeeded; InvokeError with AWS' own reason where it has not."""
    told = ""
    while True:
        status, reason, children = _look(cloud, started)
        now = f"{status.lower()}{f': {children}' if children else ''}"
        if now != told:
            say(now)
            told = now
        if status in _ENDED:
            break
        time.sleep(_POLL_S)
    if status != "SUCCEEDED":
        ended = status.lower().replace("_", " ")
        raise InvokeError(
            f"the {started.kind} {started.identifier} {ended}: {reason or 'no reason'}",
            "submit again: only what is not done is run once more",
        )
    return status


def _look(cloud: Cloud, started: Started) -> tuple[str, str, str]:
    """State, reason, and of an array how many children are in which state."""
    if started.kind == "execution":
        found = cloud.call("stepfunctions", "describe_execution", executionArn=started.identifier)
        return str(found["status"]), str(found.get("cause") or found.get("error") or ""), ""
    jobs = cloud.call("batch", "describe_jobs", jobs=[started.identifier])["jobs"]
    if not jobs:
        raise SubmitError(f"AWS Batch does not know the job {started.identifier} any more")
    (job,) = jobs
    counts = job.get("arrayProperties", {}).get("statusSummary", {})
    children = ", ".join(f"{count} {state.lower()}" for state, count in sorted(counts.items()) if count)
    code = job.get("container", {}).get("exitCode")
    reason = f"{job.get('statusReason', '')}{f' (exit code {code})' if code is not None else ''}"
    return str(job["status"]), reason.strip(), children
