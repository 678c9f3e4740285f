"""What is submitted: how many jobs, which shards, and that what is done is left out."""

import json
from typing import Any

import pytest

from packager.errors import ConfigError, InvokeError, SubmitError
from packager.submit import jobs
from packager.submit.cloud import Cloud
from packager.submit.planned import Planned, ranges, split
from tests.packager.submit.conftest import client


def planned(shards: int, left: tuple[int, ...] | None = None) -> Planned:
    every = tuple(range(shards))
    return Planned(
        "s3://out/x/_packager/plan-ab.json", shards, 1, 1000, every if left is None else left, False
    )


@pytest.mark.parametrize(
    ("left", "asked", "count"),
    [
        *((1, None, 1), (16, None, 1), (17, None, 2), (1000, None, 63), (200_000, None, 10_000)),
        *((9, 4, 4), (1, 1, 1), (3, 8, 3), (20_000, 10_000, 10_000)),
    ],
)
def test_counts_the_jobs_that_share_the_shards(left: int, asked: int | None, count: int) -> None:
    assert jobs.job_count(left, asked) == count


def test_refuses_more_jobs_than_an_array_takes() -> None:
    with pytest.raises(ConfigError, match="the size of an array is 10001, and AWS Batch takes 2 to 10000"):
        jobs.job_count(20_000, 10_001)


def submission(found: Planned, count: int, url: str = "") -> dict[str, Any]:
    return jobs.submission("forest", "queue", "forest:1", found, count, url)


def test_one_job_is_a_plain_one() -> None:
    request = submission(planned(3), 1)
    assert "arrayProperties" not in request
    assert request["containerOverrides"]["command"] == ["run", "--plan", planned(3).uri]


def test_several_jobs_are_an_array_that_knows_its_size() -> None:
    request = submission(planned(64), 4, "http://store.example")
    assert request["arrayProperties"] == {"size": 4}
    ends = ["--endpoint-url", "http://store.example", "--array-size", "4"]
    assert request["containerOverrides"]["command"] == ["run", "--plan", planned(1).uri, *ends]


def test_what_is_done_is_left_out() -> None:
    request = submission(planned(9, (2, 3, 4, 8)), 2)
    assert request["containerOverrides"]["command"][-2:] == ["--shards", "2-4,8"]


def test_a_list_that_is_too_long_for_aws_is_left_out() -> None:
    request = submission(planned(20_000, tuple(range(0, 20_000, 2))), 100)
    assert "--shards" not in request["containerOverrides"]["command"]


def test_refuses_a_name_that_aws_does_not_take() -> None:
    with pytest.raises(ConfigError, match="the name of the job is 'a b'"):
        jobs.submission("a b", "queue", "forest:1", planned(1), 1, "")


def test_the_items_of_a_map_have_every_shard_that_is_left_once() -> None:
    found = jobs.groups(planned(11, (0, 1, 2, 5, 6, 7, 9)), 3)
    assert found == ["0-1", "2,5", "6-7,9"]


def test_a_group_whose_list_is_too_long_for_aws_is_named_by_its_bounds() -> None:
    assert jobs.groups(planned(20_000, tuple(range(0, 20_000, 2))), 2) == ["0-9998", "10000-19998"]


@pytest.mark.parametrize(
    ("numbers", "text"), [((), ""), ((3,), "3"), ((0, 1, 2), "0-2"), ((0, 2, 3, 9), "0,2-3,9")]
)
def test_writes_shards_as_the_job_reads_them(numbers: tuple[int, ...], text: str) -> None:
    assert ranges(numbers) == text


def test_reads_bucket_and_key_and_refuses_other_places() -> None:
    assert split("s3://in/rows/*.parquet") == ("in", "rows/*.parquet")
    assert split("s3://in") == ("in", "")
    for uri in ("rows.parquet", "file:///rows", "s3:///rows"):
        with pytest.raises(ConfigError, match="is not on S3"):
            split(uri)


def test_finds_the_queue_by_name_and_arn(aws_here: Cloud, queue: str) -> None:
    assert jobs.find_queue(aws_here, "queue") == jobs.find_queue(aws_here, queue) == queue


def test_says_that_there_is_no_such_queue(aws_here: Cloud) -> None:
    with pytest.raises(SubmitError, match="there is no job queue nowhere in us-east-1"):
        jobs.find_queue(aws_here, "nowhere")


def test_says_that_the_queue_is_disabled(aws_here: Cloud, address: str, queue: str) -> None:
    client(address, "batch").update_job_queue(jobQueue=queue, state="DISABLED")
    with pytest.raises(SubmitError, match="the job queue queue is disabled") as raised:
        jobs.find_queue(aws_here, "queue")
    assert "--state ENABLED" in str(raised.value.hint)


def test_starts_a_state_machine_over_the_items_in_the_bucket(
    aws_here: Cloud, address: str, own_role: str
) -> None:
    client(address, "s3").create_bucket(Bucket="out")
    machines = client(address, "stepfunctions")
    arn = machines.create_state_machine(name="machine", definition="{}", roleArn=own_role)["stateMachineArn"]
    started = jobs.execute(aws_here, arn, planned(4), ["0-1", "2-3"], ("queue", "forest:1"))
    found = machines.describe_execution(executionArn=started.identifier)
    given = json.loads(found["input"])
    assert given["plan"] == planned(4).uri
    assert (given["queue"], given["definition"]) == ("queue", "forest:1")
    body = client(address, "s3").get_object(Bucket=given["bucket"], Key=given["items"])["Body"].read()
    assert given["items"].startswith("x/_packager/items-")
    assert json.loads(body) == ["0-1", "2-3"]


def test_waits_and_says_why_an_execution_failed(aws_here: Cloud, address: str, own_role: str) -> None:
    machines = client(address, "stepfunctions")
    arn = machines.create_state_machine(name="machine", definition="{}", roleArn=own_role)["stateMachineArn"]
    execution = machines.start_execution(stateMachineArn=arn)["executionArn"]
    machines.stop_execution(executionArn=execution)
    said: list[str] = []
    with pytest.raises(InvokeError, match=r"^the execution .* aborted"):
        jobs.wait(aws_here, jobs.Started("execution", execution, 1, ()), said.append)
    assert said == ["aborted"]
