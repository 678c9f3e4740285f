"""The job definition on AWS: registered when it says something else than the newest revision does."""

import json
from dataclasses import dataclass
from typing import Any

from packager.errors import SubmitError
from packager.submit.cloud import Cloud, RefusedError
from packager.targets.batch import aws, quotas


@dataclass(frozen=True, slots=True)
class Registered:
    """A revision of the job definition, and whether it was made now."""

    arn: str
    is_new: bool


def register(cloud: Cloud, template: dict[str, Any], places: dict[str, str], dry_run: bool) -> Registered:
    """The newest revision, or a new one where the artifact or ``places`` say otherwise.

    ``places``: image, roles and log by their words in ``template``; what is not said stays as it is in the
    newest revision.
    """
    newest = _newest(cloud, template["jobDefinitionName"])
    known = {**(_places(newest) if newest else {}), **{word: text for word, text in places.items() if text}}
    wanted = _filled(template, known)
    quotas.check_definition(wanted)
    if newest and _says(newest, wanted):
        return Registered(newest["jobDefinitionArn"], is_new=False)
    if places.get(aws.IMAGE):
        _check_image(cloud, places[aws.IMAGE])
    if dry_run:
        return Registered(wanted["jobDefinitionName"], is_new=True)
    answer = cloud.call("batch", "register_job_definition", **wanted)
    return Registered(answer["jobDefinitionArn"], is_new=True)


def _newest(cloud: Cloud, name: str) -> dict[str, Any] | None:
    pages = cloud.pages("batch", "describe_job_definitions", jobDefinitionName=name, status="ACTIVE")
    found = [definition for page in pages for definition in page["jobDefinitions"]]
    return max(found, key=lambda definition: definition["revision"], default=None)


def _places(registered: dict[str, Any]) -> dict[str, str]:
    container = registered["containerProperties"]
    log = container.get("logConfiguration", {}).get("options", {})
    found = {
        aws.IMAGE: container.get("image"),
        aws.EXECUTION_ROLE: container.get("executionRoleArn"),
        aws.JOB_ROLE: container.get("jobRoleArn"),
        aws.LOG_GROUP: log.get("awslogs-group"),
        aws.NO_PUBLIC_IP: container.get("networkConfiguration", {}).get("assignPublicIp"),
    }
    return {word: text for word, text in found.items() if text}


_SAID: dict[str, tuple[str, str]] = {
    aws.IMAGE: ("image", "push the image, and name it: --image URI"),
    aws.EXECUTION_ROLE: (
        "role that starts it",
        "name it: --execution-role ARN, or deploy the stack: --deploy",
    ),
    aws.JOB_ROLE: ("role of its own", "name it: --job-role ARN, or deploy the stack: --deploy"),
    aws.LOG_GROUP: ("log group", "name it: --log-group NAME, or deploy the stack: --deploy"),
}


def _filled(template: dict[str, Any], places: dict[str, str]) -> dict[str, Any]:
    for word, (what, hint) in _SAID.items():
        if word not in places:
            raise SubmitError(f"the job has no {what} on AWS yet", hint)

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [fill(each) for each in value]
        return places.get(value, value) if isinstance(value, str) else value

    filled: dict[str, Any] = fill(template)
    return filled


def _says(registered: Any, wanted: Any) -> bool:
    """Whether all that is wanted is registered; AWS adds its own, and writes words of its own in small."""
    if isinstance(wanted, dict):
        known: dict[str, Any] = registered if isinstance(registered, dict) else {}
        return all(key in known and _says(known[key], each) for key, each in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(registered, list) or len(registered) != len(wanted):
            return False
        return all(_says(one, other) for one, other in zip(*map(_ordered, (registered, wanted)), strict=True))
    if wanted in ("RETRY", "EXIT"):
        registered = str(registered).upper()
    same: bool = type(registered) is type(wanted) and registered == wanted
    return same


def _ordered(values: list[Any]) -> list[Any]:
    """Requirements and variables have no order of their own; rules of exit and words of a command do."""
    if values and isinstance(values[0], dict) and {"type", "name"} & values[0].keys():
        return sorted(values, key=lambda value: json.dumps(value, sort_keys=True))
    return values


def _check_image(cloud: Cloud, image: str) -> None:
    """An image of ECR is asked for now, not minutes later by a job that does not start."""
    host, _, rest = image.partition("/")
    if ".dkr.ecr." not in host:
        return
    repository, tag, digest = split_image(rest)
    identity = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
    try:
        cloud.call(
            "ecr", "describe_images", region=host.split(".")[3], registryId=host.partition(".")[0],
            repositoryName=repository, imageIds=[identity],
        )  # fmt: skip
    except RefusedError as error:
        if error.code not in ("ImageNotFoundException", "RepositoryNotFoundException"):
            raise
        raise SubmitError(
            f"there is no image {image}", "build and push it: README.md has the commands"
        ) from error


def split_image(name: str) -> tuple[str, str, str]:
    """Repository, tag and digest of an image's name without its host."""
    name, _, digest = name.partition("@")
    repository, _, tag = name.partition(":")
    return repository, tag, digest
