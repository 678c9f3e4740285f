"""Each way in which AWS refuses is a sentence with a way on."""

import sys
import urllib.request

import pytest

from packager.errors import SubmitError, ToolError
from packager.submit.cloud import Cloud
from tests.packager.submit.conftest import client


def test_says_that_there_are_no_credentials(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(SubmitError, match="there are no credentials for AWS") as raised:
        Cloud(address).call("batch", "describe_job_queues")
    assert "aws configure" in str(raised.value.hint)
    assert raised.value.exit_code == 19


def test_says_that_no_region_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(SubmitError, match="no region of AWS is named"):
        Cloud(address).call("batch", "describe_job_queues")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert Cloud(address).region == "eu-central-1"


def test_says_that_a_profile_does_not_exist(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    with pytest.raises(SubmitError, match="not-there"):
        Cloud(address).call("batch", "describe_job_queues")


def test_says_that_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(SubmitError, match="AWS does not answer"):
        Cloud("http://127.0.0.1:9").call("batch", "describe_job_queues")
    with pytest.raises(SubmitError, match="cannot be asked"):
        Cloud("not a url").call("batch", "describe_job_queues")


def test_says_what_is_denied_and_which_credentials_are_unknown(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = client(address, "iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    # From here on who asks has to be somebody, and allowed to.
    _ask_who_it_is(address, "0")
    try:
        with pytest.raises(SubmitError, match="AWS does not take these credentials"):
            Cloud(address).call("cloudformation", "describe_stacks")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        with pytest.raises(SubmitError, match="AWS denies cloudformation:describe_stacks: ") as raised:
            Cloud(address).call("cloudformation", "describe_stacks")
        assert "let your user or role do this" in str(raised.value.hint)
    finally:
        _ask_who_it_is(address, "inf")


def _ask_who_it_is(address: str, from_request: str) -> None:
    headers = {"Content-Type": "text/plain"}
    place = f"{address}/moto-api/reset-auth"
    urllib.request.urlopen(urllib.request.Request(place, from_request.encode(), headers)).close()


def test_says_what_else_is_refused_in_aws_own_words(aws_here: Cloud) -> None:
    with pytest.raises(SubmitError, match=r"AWS refuses batch:submit_job: .*not-there does not exist"):
        aws_here.call("batch", "submit_job", jobName="job", jobQueue="not-there", jobDefinition="not-there")


def test_says_what_to_install(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ToolError, match="boto3, which talks to AWS, is not installed here"):
        Cloud(address).call("batch", "describe_job_queues")
