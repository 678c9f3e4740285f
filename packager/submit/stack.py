"""The CloudFormation stack around a job: deployed where that is asked for, and what it says of itself."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from packager.errors import ConfigError, SubmitError
from packager.submit.cloud import Cloud, RefusedError
from packager.submit.definitions import split_image
from packager.submit.planned import split
from packager.targets.batch import aws

_NOT_THERE = "does not exist"
_UNCHANGED = "No updates are to be performed"
_WILD = "*?["
# A stack whose first deployment failed, or was only drawn up: all that can be done with it is to delete it.
_NEVER_WHOLE = (
    "CREATE_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "DELETE_FAILED",
    "REVIEW_IN_PROGRESS",
)


def outputs(cloud: Cloud, name: str) -> dict[str, str]:
    """What the stack says: its queue, roles, log, state machine; nothing where there is no such stack."""
    found = _find(cloud, name) or {}
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def refuse_other_places(cloud: Cloud, name: str, inputs: tuple[str, ...], output: str) -> None:
    """SubmitError where the stack's role gives a job no right to what it is to read or write."""
    found = _find(cloud, name) or {}
    told = {row["ParameterKey"]: row["ParameterValue"] for row in found.get("Parameters", [])}
    wanted = [("Input", "read", given("", (uri,), output, ())) for uri in inputs]
    for side, may, place in [*wanted, ("Output", "write", given("", (), output, ()))]:
        bucket, prefix = f"{side}Bucket", f"{side}Prefix"
        if bucket not in told:
            continue
        # A folder may be named without the slash that the prefix of its files has.
        folder = f"{place[prefix].rstrip('/')}/"
        if place[bucket] != told[bucket] or not folder.startswith(told.get(prefix, "")):
            raise SubmitError(
                f"jobs of the stack {name} may {may} s3://{told[bucket]}/{told.get(prefix, '')}* alone, "
                f"and not s3://{place[bucket]}/{place[prefix]}",
                "give them the right: --deploy, or name a role that has it: --job-role ARN",
            )


def _find(cloud: Cloud, name: str) -> dict[str, Any] | None:
    try:
        (found,) = cloud.call("cloudformation", "describe_stacks", StackName=name)["Stacks"]
    except RefusedError as error:
        if _NOT_THERE in error.message:
            return None
        raise
    return dict(found)


def deploy(
    cloud: Cloud, name: str, artifact: Path, given: Mapping[str, str], say: Callable[[str], None]
) -> dict[str, str]:
    """Create or update the stack, and wait for it; ``given`` are its parameters, others stay as they are."""
    body = (artifact / aws.TEMPLATE).read_text(encoding="utf-8")
    known = _parameters(cloud, body)
    for parameter in given:
        if parameter not in known:
            raise ConfigError(
                f"the stack has no parameter {parameter!r}", f"it has: {', '.join(sorted(known))}"
            )
    found = _find(cloud, name)
    exists = found is not None and _can_be_updated(name, found["StackStatus"])
    # The template before this one may have had fewer parameters: only what there was stays as it is.
    before = {row["ParameterKey"] for row in found.get("Parameters", [])} if found else set()
    missing = [
        key for key, default in known.items() if default is None and key not in given and key not in before
    ]
    if missing:
        wanted = " ".join("--image URI" if key == "Image" else f"--parameter {key}=…" for key in missing)
        is_new = "needs" if exists else "is new and needs"
        raise SubmitError(f"the stack {name} {is_new} {', '.join(missing)}", wanted)
    parameters: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": given[key]}
        if key in given
        else {"ParameterKey": key, "UsePreviousValue": True}
        for key in known
        if key in given or key in before
    ]
    say(f"{'updating' if exists else 'creating'} the stack {name}")
    request: dict[str, Any] = {
        "StackName": name, "TemplateBody": body, "Parameters": parameters, "Capabilities": ["CAPABILITY_IAM"],
    }  # fmt: skip
    _make(cloud, request, exists)
    return outputs(cloud, name)


def _can_be_updated(name: str, status: str) -> bool:
    """True, or SubmitError for what CloudFormation would neither update nor make."""
    if status in _NEVER_WHOLE:
        raise SubmitError(
            f"the stack {name} was never made whole: it is {status}, which CloudFormation does not update",
            f"aws cloudformation delete-stack --stack-name {name}, then submit again",
        )
    if status.endswith("_IN_PROGRESS"):
        raise SubmitError(
            f"the stack {name} is being changed: it is {status}",
            "submit again when that has ended, or without --deploy",
        )
    return True


def _make(cloud: Cloud, request: dict[str, Any], exists: bool) -> None:
    try:
        cloud.call("cloudformation", "update_stack" if exists else "create_stack", **request)
    except RefusedError as error:
        if _UNCHANGED in error.message:
            return
        raise
    name = request["StackName"]
    waiter = "stack_update_complete" if exists else "stack_create_complete"
    try:
        cloud.wait("cloudformation", waiter, StackName=name)
    except SubmitError as error:
        raise SubmitError(
            f"the stack {name} was not made",
            f"its events say why: aws cloudformation describe-stack-events --stack-name {name}",
            (error.message,),
        ) from error


def given(image: str, inputs: tuple[str, ...], output: str, parameters: tuple[str, ...]) -> dict[str, str]:
    """The parameters of the stack that the job itself says; those that the user names go before."""
    found: dict[str, str] = {}
    if image:
        found["Image"] = image
        host, _, rest = image.partition("/")
        found["Repository"] = split_image(rest)[0] if ".dkr.ecr." in host else ""
    buckets = {split(uri)[0] for uri in inputs}
    if len(buckets) == 1:
        found["InputBucket"], found["InputPrefix"] = buckets.pop(), _prefix([split(uri)[1] for uri in inputs])
    found["OutputBucket"], key = split(output)
    found["OutputPrefix"] = f"{key.rstrip('/')}/" if key else ""
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals:
            raise ConfigError(f"--parameter {parameter!r} has no value", "write NAME=VALUE")
        found[name] = value
    return found


def _prefix(keys: list[str]) -> str:
    """What all keys that these name begin with."""
    plain = [key[: min((key.index(mark) for mark in _WILD if mark in key), default=len(key))] for key in keys]
    first, last = min(plain), max(plain)
    same = next((place for place, letter in enumerate(first) if last[place] != letter), len(first))
    return first[:same]


def _parameters(cloud: Cloud, body: str) -> dict[str, str | None]:
    """The template's parameters with their defaults."""
    answer = cloud.call("cloudformation", "get_template_summary", TemplateBody=body)
    return {row["ParameterKey"]: row.get("DefaultValue") for row in answer["Parameters"]}
