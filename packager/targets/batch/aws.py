"""What AWS runs a batch job by: a CloudFormation template, a job definition and a state machine."""

import json
import re
from typing import Any

from packager.layout import IncludedFile
from packager.rendering import render
from packager.targets.batch import quotas, states
from packager.targets.batch.quotas import Asked

TEMPLATE, DEFINITION, MACHINE = "template.yaml", "job-definition.json", "state-machine.asl.json"
# What stands where nobody has said yet which image, roles and log are meant; no ARN has such a form.
IMAGE, EXECUTION_ROLE, JOB_ROLE, LOG_GROUP = "IMAGE", "EXECUTION_ROLE_ARN", "JOB_ROLE_ARN", "LOG_GROUP"
REGION = "REGION"
NO_PUBLIC_IP = "DISABLED"
SCRATCH = "/scratch"
"""The one folder of the container that can be written; the image has it, owned by its user."""
USER = "65532:65532"
"""Nobody, with a number that the image gives the scratch folder to."""
_ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
_INTERRUPTED, _TRY_AGAIN, _KILLED = "75", "1", "137"
# The one word that AWS has for a machine that it takes back, by what runs the job.
_RECLAIMED = {"ec2_spot": "Host EC2*", "fargate_spot": "Your Spot Task was interrupted*"}


def files(name: str, asked: Asked) -> list[IncludedFile]:
    """All that is for AWS, held to its limits."""
    quotas.check_options(asked)
    document = definition(name, asked)
    quotas.check_definition(document)
    template = render(
        "batch/aws/template.yaml", name=name, asked=asked, job_name=job_name(name),
        definition=_properties(document), machine=_machine(name, "${AWS::Partition}").decode(),
    )  # fmt: skip
    quotas.check_template(template)
    return [
        IncludedFile(DEFINITION, json.dumps(document, indent=2).encode() + b"\n"),
        IncludedFile(MACHINE, _machine(name, "aws")),
        IncludedFile(TEMPLATE, template),
    ]


def _machine(name: str, partition: str) -> bytes:
    text = render("batch/aws/state-machine.asl.json", name=job_name(name), partition=partition)
    states.check(text.decode())
    return text


def _properties(document: dict[str, Any]) -> str:
    """The job definition as it stands in the template."""
    import yaml

    text: str = yaml.safe_dump(_capitalized(document), sort_keys=False)
    return text


def job_name(name: str) -> str:
    """An artifact's name as AWS Batch takes it, short enough for what is named after it."""
    return _NOT_IN_NAMES.sub("-", name).strip("-_")[:60] or "job"


def stack_name(name: str) -> str:
    """The same as CloudFormation takes it: letters, digits and hyphens, the first a letter."""
    plain = job_name(name).replace("_", "-")
    return plain if plain[0].isalpha() else f"job-{plain}"


def definition(name: str, asked: Asked) -> dict[str, Any]:
    """The job as `aws batch register-job-definition --cli-input-json` takes it, but for image and roles.

    SIGTERM comes 30 s before SIGKILL (ECS' own default, the least on Fargate): the job needs a few of them.
    """
    return {
        "jobDefinitionName": job_name(name),
        "type": "container",
        "platformCapabilities": ["FARGATE" if _is_fargate(asked) else "EC2"],
        "parameters": {"plan": "PLAN"},
        "retryStrategy": {"attempts": asked.attempts, "evaluateOnExit": exit_rules(asked.compute)},
        "timeout": {"attemptDurationSeconds": asked.timeout_s},
        "propagateTags": True,
        "containerProperties": _container(name, asked),
    }


def exit_rules(compute: str) -> list[dict[str, str]]:
    """What is tried again: interrupted, asked for, killed for want of memory, and what lost its machine. All
    else, first of it exit code 2, ends the job; without a last rule AWS Batch would try that again, too."""
    rules = [{"onExitCode": code, "action": "RETRY"} for code in (_INTERRUPTED, _TRY_AGAIN, _KILLED)]
    if compute in _RECLAIMED:
        rules.append({"onStatusReason": _RECLAIMED[compute], "action": "RETRY"})
    return [*rules, {"onReason": "*", "action": "EXIT"}]


def _container(name: str, asked: Asked) -> dict[str, Any]:
    log = {"awslogs-group": LOG_GROUP, "awslogs-stream-prefix": job_name(name)}
    container: dict[str, Any] = {
        "image": IMAGE,
        "command": ["run", "--plan", "Ref::plan"],
        "executionRoleArn": EXECUTION_ROLE,
        "jobRoleArn": JOB_ROLE,
        "resourceRequirements": [
            {"type": "VCPU", "value": f"{asked.vcpus:g}"},
            {"type": "MEMORY", "value": str(asked.memory_mb)},
        ],
        "environment": [{"name": "TMPDIR", "value": SCRATCH}, {"name": "AWS_REGION", "value": REGION}],
        "user": USER,
        "readonlyRootFilesystem": True,
        "volumes": [{"name": "scratch"}],
        "mountPoints": [{"sourceVolume": "scratch", "containerPath": SCRATCH, "readOnly": False}],
        "linuxParameters": {"initProcessEnabled": True},
        "logConfiguration": {"logDriver": "awslogs", "options": log},
    }
    if _is_fargate(asked):
        container |= {
            "ephemeralStorage": {"sizeInGiB": asked.ephemeral_gb},
            "fargatePlatformConfiguration": {"platformVersion": "LATEST"},
            "networkConfiguration": {"assignPublicIp": NO_PUBLIC_IP},
            "runtimePlatform": {
                "operatingSystemFamily": "LINUX",
                "cpuArchitecture": _ARCHITECTURES[asked.arch],
            },
        }
    return container


def _is_fargate(asked: Asked) -> bool:
    return asked.compute.startswith("fargate")


_PLACES: dict[str, object] = {
    IMAGE: {"Ref": "Image"},
    EXECUTION_ROLE: {"Fn::GetAtt": ["ExecutionRole", "Arn"]},
    JOB_ROLE: {"Fn::GetAtt": ["JobRole", "Arn"]},
    LOG_GROUP: {"Ref": "Log"},
    REGION: {"Ref": "AWS::Region"},
    NO_PUBLIC_IP: {"Ref": "PublicIp"},
}


def _capitalized(value: Any) -> Any:
    """As CloudFormation spells the same, with the stack's own image, roles and log."""
    if isinstance(value, dict):
        # The names of a log driver's options and of parameters are values, not words of the interface.
        return {
            key if "-" in key or key == "plan" else key[0].upper() + key[1:]: _capitalized(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_capitalized(each) for each in value]
    return _PLACES.get(value, value) if isinstance(value, str) else value
