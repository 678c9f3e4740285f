"""What AWS Batch, Fargate and Step Functions would refuse is refused at home, with number and date."""

import json
import re
from typing import Any

import pytest

from packager.errors import ConfigError
from packager.targets.batch import aws, quotas, states
from packager.targets.batch.target import Batch

INTERRUPTED, TRY_AGAIN, PERMANENT, KILLED, CRASHED = "75", "1", "2", "137", "139"


@pytest.mark.parametrize(
    ("vcpus", "memory_mb"),
    [(0.25, 512), (0.25, 2048), (0.5, 4096), (1, 2048), (1, 8192), (2, 16_384), (4, 30_720), (8, 16_384),
     (16, 122_880), (32, 249_856)],
)  # fmt: skip
def test_takes_what_fargate_has(vcpus: float, memory_mb: int) -> None:
    assert Batch(vcpus=vcpus, memory_mb=memory_mb).vcpus == vcpus


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"vcpus": 3}, r"vcpus is 3, and Fargate takes 0\.25, 0\.5, 1, 2, 4, 8, 16, 32 \(as of 2026"),
        (
            {"memory_mb": 4000},
            "memory_mb is 4000, and Fargate takes 4096 to 16384 in steps of 1024 with 2 vcpus",
        ),
        ({"vcpus": 0.25, "memory_mb": 3072}, r"takes 512 or 1024 or 2048 with 0\.25 vcpus"),
        ({"vcpus": 8, "memory_mb": 17_408}, "16384 to 61440 in steps of 4096 with 8 vcpus"),
        ({"attempts": 0}, "attempts is 0, and AWS Batch takes 1 to 10"),
        ({"attempts": 11}, "attempts is 11, and AWS Batch takes 1 to 10"),
        ({"timeout_s": 59}, "timeout_s is 59, and a job on AWS Batch has at least 60"),
        ({"timeout_s": 1_209_601}, "Fargate promises no job more than 1209600"),
        ({"ephemeral_gb": 20}, "ephemeral_gb is 20, and Fargate takes 21 to 200"),
        ({"ephemeral_gb": 201}, "ephemeral_gb is 201"),
        ({"log_retention_days": 2}, "log_retention_days is 2, and CloudWatch Logs takes 1, 3, 5"),
        ({"compute": "ec2_spot", "vcpus": 1.5}, r"vcpus is 1\.5, and a job on EC2 takes whole ones"),
        ({"compute": "ec2_spot", "memory_mb": 3}, "memory_mb is 3, and a job on EC2 has at least 4"),
    ],
)
def test_refuses_what_aws_would(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Batch.model_validate(options)


def test_names_the_nearest_memory() -> None:
    with pytest.raises(ConfigError) as raised:
        Batch(vcpus=8, memory_mb=17_000)
    assert raised.value.hint == "the nearest is 20480"


def test_a_job_on_ec2_has_memory_of_any_size() -> None:
    assert Batch(compute="ec2_spot", vcpus=3, memory_mb=5000, timeout_s=2_000_000).memory_mb == 5000


def decide(rules: list[dict[str, str]], code: str, status: str) -> str:
    """What AWS Batch does after an attempt: the first rule that matches, else another try."""
    for rule in rules:
        said = {"onExitCode": code, "onStatusReason": status, "onReason": ""}
        if all(_matches(rule[key], said[key]) for key in said.keys() & rule.keys()):
            return rule["action"]
    return "RETRY"


def _matches(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


@pytest.mark.parametrize(
    ("compute", "code", "status", "action"),
    [
        ("fargate", INTERRUPTED, "", "RETRY"),
        ("fargate", TRY_AGAIN, "", "RETRY"),
        ("fargate", KILLED, "", "RETRY"),
        ("fargate", PERMANENT, "", "EXIT"),
        ("fargate", CRASHED, "", "EXIT"),
        ("fargate", "13", "", "EXIT"),
        ("fargate_spot", "", "Your Spot Task was interrupted.", "RETRY"),
        ("ec2_spot", "", "Host EC2 (instance i-0) terminated.", "RETRY"),
        ("fargate", "", "Task failed to start", "EXIT"),
    ],
)
def test_the_rules_of_exit_try_again_what_is_worth_it(
    compute: str, code: str, status: str, action: str
) -> None:
    rules = aws.exit_rules(compute)
    assert len(rules) <= 5
    assert decide(rules, code, status) == action


def test_refuses_definitions_that_would_be_tried_again_for_ever() -> None:
    document = aws.definition("forest", Batch())
    rules = document["retryStrategy"]["evaluateOnExit"]
    quotas.check_definition(document)
    with pytest.raises(ConfigError, match="what no rule matches is tried again"):
        quotas.check_definition({**document, "retryStrategy": {"evaluateOnExit": rules[:-1]}})
    with pytest.raises(ConfigError, match="evaluateOnExit has 6 rules"):
        quotas.check_definition({**document, "retryStrategy": {"evaluateOnExit": [*rules[:1], *rules]}})


def test_refuses_variables_that_aws_sets_itself() -> None:
    with pytest.raises(ConfigError, match="AWS_BATCH_JOB_ID, and AWS Batch sets AWS_BATCH… itself"):
        quotas.check_environment([{"name": "AWS_BATCH_JOB_ID", "value": "1"}])


@pytest.mark.parametrize("size", [0, 1, 10_001])
def test_refuses_arrays_that_aws_does_not_take(size: int) -> None:
    request = {"jobName": "forest", "arrayProperties": {"size": size}}
    with pytest.raises(ConfigError, match=f"the size of an array is {size}, and AWS Batch takes 2 to 10000"):
        quotas.check_submission(request)


def test_refuses_more_than_a_job_may_override() -> None:
    request = {"jobName": "forest", "containerOverrides": {"command": ["x" * 9000]}}
    with pytest.raises(ConfigError, match=r"what the job overrides has \d+ bytes, and AWS takes 8192"):
        quotas.check_submission(request)


def test_refuses_more_than_a_state_machine_takes() -> None:
    with pytest.raises(
        ConfigError, match=r"the input of the state machine has \d+ bytes, and AWS takes 262144"
    ):
        quotas.check_execution({"plan": "x" * 300_000}, 1)
    with pytest.raises(ConfigError, match="the number of jobs of a state machine is 10001"):
        quotas.check_execution({}, 10_001)


@pytest.mark.parametrize(
    ("name", "job"),
    [("forest", "forest"), ("my model.v1", "my-model-v1"), ("höhe", "h-he"), ("…", "job"), ("_a", "a")],
)
def test_names_a_job_as_aws_takes_it(name: str, job: str) -> None:
    assert aws.job_name(name) == job
    quotas.check_name("the name", aws.job_name(name * 40))


@pytest.mark.parametrize(
    ("name", "stack"),
    [("forest", "forest"), ("my_model_v2", "my-model-v2"), ("2026_churn", "job-2026-churn")],
)
def test_names_a_stack_as_cloudformation_takes_it(name: str, stack: str) -> None:
    assert aws.stack_name(name) == stack
    assert re.fullmatch("[a-zA-Z][-a-zA-Z0-9]{0,127}", aws.stack_name(name * 40))


STATE = {"Type": "Pass", "End": True}
SOUND: dict[str, Any] = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": STATE}}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "the state machine has no States"),
        ({"StartAt": "A", "States": {}}, "has no States"),
        ({**SOUND, "StartAt": "C"}, "starts at 'C', which is none of its states"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}, "'A' leads to 'B', which"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, "'A' has to have either Next or End"),
        ({"StartAt": "A", "States": {"A": {**STATE, "Next": "A"}}}, "'A' has to have either Next or End"),
        ({"StartAt": "A", "States": {"A": STATE, "B": STATE}}, "nothing leads to the state 'B'"),
        ({"StartAt": "A", "States": {"A": {"Type": "Job", "End": True}}}, "has the type 'Job'"),
        ({"StartAt": "A", "States": {"A": {"Type": "Task", "End": True}}}, "is a task without a Resource"),
        ({"StartAt": "A", "States": {"A": {"Type": "Map", "End": True}}}, "the processor of .* has no S"),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Map", "End": True, "MaxConcurrency": 10_001}}},
            "runs 10001 at once, and AWS takes 10000",
        ),
        (
            {"StartAt": "A", "States": {"A": {**STATE, "Catch": [{"Next": "Z"}]}}},
            "'A' leads to 'Z', which there is not",
        ),
        ({"StartAt": "x" * 81, "States": {"x" * 81: STATE}}, "a name of more than 80 characters"),
    ],
)  # fmt: skip
def test_refuses_state_machines_that_lead_nowhere(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        states.check(json.dumps(document))


def test_takes_a_state_machine_that_is_sound() -> None:
    states.check(json.dumps(SOUND))
    with pytest.raises(ConfigError, match="is no JSON"):
        states.check("{")
    with pytest.raises(ConfigError, match=r"has \d+ bytes, and AWS takes 1048576"):
        states.check(json.dumps({**SOUND, "Comment": "x" * 1_100_000}))
