"""Example events are made from real rows, so that they can be sent as they are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packager.layout import IncludedFile
from packager.model import Signature
from packager.targets.aws_lambda import event
from packager.targets.aws_lambda.target import AwsLambda
from tests.packager.targets.models import (
    FIXED,
    IMAGE,
    IRIS,
    IRIS_ROWS,
    MIXED,
    PAIR,
    golden,
    layout,
    tensor,
)  # fmt: skip

ALL = [
    "events/alb.json", "events/apigw_v1.json", "events/batch.json", "events/direct.json",
    "events/function_url.json", "events/health.json", "events/predict.json", "events/sqs.json",
]  # fmt: skip
MIXED_ROWS = golden(
    {
        "city": tensor([["Köln \"am\" Rhein"]], "string"), "age": tensor([[0.1]], "float32"),
        "rooms": tensor([[3]], "int64"), "new": tensor([[True]], "bool"),
    },
    {
        "city": tensor([["Köln"], [""]], "string"), "age": tensor([[np.nan], [7.0]], "float32"),
        "rooms": tensor([[3], [-4]], "int64"), "new": tensor([[True], [False]], "bool"),
    },
)  # fmt: skip


def documents(signature: Signature, cases: bytes, *, http: bool = True) -> dict[str, Any]:
    return {file.dest: json.loads(file.read()) for file in event.files(signature, cases, http=http)}


def body(documents: dict[str, Any], name: str) -> Any:
    return json.loads(documents[f"events/{name}.json"]["body"])


def test_a_tabular_model_gets_rows_in_the_users_own_words() -> None:
    found = documents(MIXED, MIXED_ROWS)
    assert sorted(found) == ALL
    assert found["events/direct.json"] == {"features": ['Köln "am" Rhein', 0.1, 3, True]}
    assert body(found, "predict") == found["events/direct.json"]
    assert body(found, "batch") == {
        "instances": [
            {"city": "Köln", "age": None, "rooms": 3, "new": True},
            {"city": "", "age": 7.0, "rooms": -4, "new": False},
        ]
    }


@pytest.mark.parametrize("name", ["predict", "apigw_v1", "function_url", "alb"])
def test_every_http_event_carries_the_same_request(name: str) -> None:
    assert body(documents(IRIS, IRIS_ROWS), name) == {"features": [5.1, 3.5, 1.4, 0.2]}


def test_numbers_are_as_short_as_their_dtype_allows_and_still_the_same() -> None:
    values = np.array([0.1, 1 / 3, 16_777_216.0, 1e-30], dtype=np.float32)
    cases = golden({"X": tensor([values], "float32")})
    row = documents(IRIS, cases)["events/direct.json"]["features"]
    assert row[0] == 0.1
    assert (np.array(row, dtype=np.float32) == values).all()


def test_the_health_event_has_no_body() -> None:
    health = documents(IRIS, IRIS_ROWS)["events/health.json"]
    assert health["requestContext"]["http"]["method"] == "GET"
    assert health["rawPath"] == "/health"
    assert "body" not in health


def test_without_http_there_is_no_health_event() -> None:
    assert "events/health.json" not in documents(IRIS, IRIS_ROWS, http=False)


def test_a_queue_carries_one_request_in_each_record() -> None:
    records = documents(IRIS, IRIS_ROWS)["events/sqs.json"]["Records"]
    assert [len(json.loads(record["body"])["instances"]) for record in records] == [1, 1]
    assert len({record["messageId"] for record in records}) == 2


def test_a_large_tensor_travels_as_base64_and_makes_no_batch() -> None:
    image = tensor(np.zeros((1, 3, 64, 64)), "float32")
    found = documents(IMAGE, golden({"image": image}))
    assert found["events/direct.json"] == {"inputs": {"image": image}}
    assert "events/batch.json" not in found
    assert json.loads(found["events/sqs.json"]["Records"][0]["body"]) == found["events/direct.json"]


def test_small_tensors_are_lists_by_the_inputs_name() -> None:
    one = {"left": tensor([[1, 2]], "float32"), "right": tensor([0.5], "float64")}
    two = {"left": tensor([[1, 2], [3, 4]], "float32"), "right": tensor([0.5, 1.5], "float64")}
    found = documents(PAIR, golden(one, two))
    assert found["events/direct.json"] == {"inputs": {"left": [[1.0, 2.0]], "right": [0.5]}}
    assert body(found, "batch") == {
        "instances": [{"left": [1.0, 2.0], "right": 0.5}, {"left": [3.0, 4.0], "right": 1.5}]
    }


def test_a_model_of_a_fixed_shape_gets_its_whole_tensor_and_no_batch() -> None:
    found = documents(FIXED, golden({"state": tensor(np.ones((2, 1, 3)), "float32")}))
    assert found["events/direct.json"] == {"inputs": {"state": [[[1.0] * 3], [[1.0] * 3]]}}
    assert "events/batch.json" not in found


def test_what_json_cannot_hold_travels_as_base64() -> None:
    inputs = {"left": tensor([[np.inf, 2]], "float32"), "right": tensor([0.5], "float64")}
    found = documents(PAIR, golden(inputs))
    assert found["events/direct.json"] == {"inputs": {"left": inputs["left"], "right": [0.5]}}
    assert "events/batch.json" not in found


def test_the_events_are_part_of_the_layout(tmp_path: Path) -> None:
    entries: tuple[IncludedFile, ...] = layout(AwsLambda(), tmp_path).entries
    assert sorted(file.dest for file in entries if file.dest.startswith("events/")) == ALL
