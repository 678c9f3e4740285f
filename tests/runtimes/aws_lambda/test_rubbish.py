"""No event ends the function or gets a 500, and the next right one is served."""

from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtimes.aws_lambda.batch import RecordsFailedError
from tests.runtimes.aws_lambda.payloads import Context, load
from tests.runtimes.aws_lambda.strategies import documents, mutated_events, requests, tensor_requests


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    event=mutated_events()
    | tensor_requests
    | requests()
    | documents
    | st.builds(lambda one: {"Records": one}, documents)
)
def test_no_event_is_a_failure_of_the_function(function: ModuleType, event: Any) -> None:
    try:
        answer = function.handler(event, Context())
    except RecordsFailedError:
        # Nobody waits for the answers of these: Lambda shall try again, then set the event aside.
        assert "detail-type" in event or event["Records"][0]["EventSource"] == "aws:sns"
    else:
        assert answer.get("statusCode", answer.get("status", 200)) < 500
    assert function.handler(load("direct"), Context())["predictions"] == ["setosa"]
