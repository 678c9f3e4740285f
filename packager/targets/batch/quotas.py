"""What AWS Batch, Fargate and Step Functions take, by the dated table in `data/`, and what they do not."""

import json
import re
import tomllib
from functools import cache
from typing import Any, Protocol

from packager import resources
from packager.errors import ConfigError

JOB = "a job on AWS Batch"


class Asked(Protocol):
    """The options of a job that AWS has limits for."""

    @property
    def arch(self) -> str: ...
    @property
    def compute(self) -> str: ...
    @property
    def vcpus(self) -> float: ...
    @property
    def memory_mb(self) -> int: ...
    @property
    def timeout_s(self) -> int: ...
    @property
    def attempts(self) -> int: ...
    @property
    def ephemeral_gb(self) -> int: ...
    @property
    def log_retention_days(self) -> int: ...


@cache
def table() -> dict[str, Any]:
    """The limits, with the date at which they were read."""
    return tomllib.loads((resources.DATA / "batch_limits.toml").read_text())


def check_options(asked: Asked) -> None:
    """Refuse what AWS would refuse, or what would let a queue stand still."""
    job = table()["job"]
    _check_range("attempts", asked.attempts, job["attempts"])
    if asked.timeout_s < job["least_timeout_s"]:
        raise _refused(f"timeout_s is {asked.timeout_s}, and {JOB} has at least {job['least_timeout_s']}")
    if asked.log_retention_days not in table()["logs"]["retention_days"]:
        takes = ", ".join(map(str, table()["logs"]["retention_days"]))
        raise _refused(f"log_retention_days is {asked.log_retention_days}, and CloudWatch Logs takes {takes}")
    if asked.compute.startswith("fargate"):
        _check_fargate(asked)
    else:
        _check_ec2(asked)


def _check_fargate(asked: Asked) -> None:
    fargate = table()["fargate"]
    if asked.timeout_s > fargate["most_timeout_s"]:
        most = fargate["most_timeout_s"]
        raise _refused(f"timeout_s is {asked.timeout_s}, and Fargate promises no job more than {most}")
    _check_range("ephemeral_gb", asked.ephemeral_gb, fargate["ephemeral_gb"], "Fargate")
    pairs = {float(vcpus): memory_sizes(vcpus) for vcpus in fargate["memory_mb"]}
    if asked.vcpus not in pairs:
        takes = ", ".join(f"{vcpus:g}" for vcpus in sorted(pairs))
        raise _refused(f"vcpus is {asked.vcpus:g}, and Fargate takes {takes}")
    sizes = pairs[asked.vcpus]
    if asked.memory_mb not in sizes:
        nearest = min(sizes, key=lambda size: (size < asked.memory_mb, abs(size - asked.memory_mb)))
        raise _refused(
            f"memory_mb is {asked.memory_mb}, and Fargate takes {_span(sizes)} with {asked.vcpus:g} vcpus",
            f"the nearest is {nearest}",
        )


def memory_sizes(vcpus: str) -> tuple[int, ...]:
    """The memory that Fargate gives with so many processors."""
    sizes = table()["fargate"]["memory_mb"][vcpus]
    if isinstance(sizes, dict):
        return tuple(range(sizes["least"], sizes["most"] + 1, sizes["step"]))
    return tuple(sizes)


def _span(sizes: tuple[int, ...]) -> str:
    if len(sizes) <= 3:
        return " or ".join(map(str, sizes))
    return f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"


def _check_ec2(asked: Asked) -> None:
    if asked.vcpus != int(asked.vcpus) or asked.vcpus < 1:
        raise _refused(f"vcpus is {asked.vcpus:g}, and a job on EC2 takes whole ones")
    least = table()["job"]["ec2_least_memory_mb"]
    if asked.memory_mb < least:
        raise _refused(f"memory_mb is {asked.memory_mb}, and a job on EC2 has at least {least}")


def check_array_size(size: int) -> None:
    """An array job has 2 children or more; one shard is a plain job."""
    _check_range("the size of an array", size, table()["job"]["array_size"])


def check_name(what: str, name: str) -> None:
    """Names of jobs, definitions and queues."""
    if not re.fullmatch(table()["job"]["name"], name):
        raise _refused(
            f"{what} is {name!r}: up to 128 letters, digits, - and _, the first a letter or a digit"
        )


def check_definition(document: dict[str, Any]) -> None:
    """A job definition as it is sent: its size, its rules, its variables."""
    check_name("the name of the job definition", document["jobDefinitionName"])
    _check_size("the job definition", document, table()["quotas"]["definition_bytes"])
    rules = document["retryStrategy"]["evaluateOnExit"]
    if len(rules) > table()["job"]["exit_rules"]:
        raise _refused(
            f"evaluateOnExit has {len(rules)} rules, and {JOB} takes {table()['job']['exit_rules']}"
        )
    if rules[-1] != {"action": "EXIT", "onReason": "*"}:
        raise _refused("the last rule of evaluateOnExit is no EXIT on *: what no rule matches is tried again")
    check_environment(document["containerProperties"].get("environment", []))


def check_environment(variables: list[dict[str, str]]) -> None:
    """Batch sets variables of its own, and lets nobody else name such."""
    reserved = table()["job"]["reserved_variables"]
    for variable in variables:
        if variable["name"].startswith(reserved):
            raise _refused(f"the environment has {variable['name']}, and AWS Batch sets {reserved}… itself")


def check_template(text: bytes) -> None:
    """A template as it is sent with the call that makes the stack."""
    most = table()["stack"]["template_body_bytes"]
    if len(text) > most:
        raise _refused(f"the template of the stack has {len(text)} bytes, and CloudFormation takes {most}")


def check_submission(request: dict[str, Any]) -> None:
    """A job as it is submitted."""
    check_name("the name of the job", request["jobName"])
    if "arrayProperties" in request:
        check_array_size(request["arrayProperties"]["size"])
    overrides = request.get("containerOverrides", {})
    check_environment(overrides.get("environment", []))
    _check_size("what the job overrides", overrides, table()["overrides"]["bytes"])
    _check_size("the job", request, table()["quotas"]["payload_bytes"])


def check_execution(given: dict[str, Any], items: int) -> None:
    """What a state machine is started with, and how many jobs its map makes."""
    machine = table()["state_machine"]
    _check_size("the input of the state machine", given, machine["input_bytes"])
    _check_range("the number of jobs of a state machine", items, [1, machine["map_items"]])


def _check_size(what: str, document: object, most: int) -> None:
    size = len(json.dumps(document, ensure_ascii=False).encode())
    if size > most:
        raise _refused(f"{what} has {size} bytes, and AWS takes {most}")


def _check_range(what: str, value: int, limits: list[int], taker: str = "AWS Batch") -> None:
    least, most = limits
    if not least <= value <= most:
        raise _refused(f"{what} is {value}, and {taker} takes {least} to {most}")


def _refused(message: str, hint: str | None = None) -> ConfigError:
    return ConfigError(f"{message} (as of {table()['date']})", hint)
