"""One request in, one status and document out, whatever was sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from runtimes.core.documents import encode
from runtimes.core.service import INFER_V2, PREDICT, PREDICT_BATCH, respond
from tests.runtimes.core import models
from tests.runtimes.core.conftest import Opener


def answered(predictor: Any, route: str, body: Any, request_id: str = "") -> tuple[int, Any]:
    """``respond``, whose documents these tests look into."""
    return respond(predictor, route, body, request_id)


def test_each_route_answers_with_the_request_id(serve: Opener) -> None:
    predictor = serve(models.linear())
    version = predictor.manifest.version
    model = {"name": "probe", "version": version}
    assert answered(predictor, PREDICT, b'{"features": [2, 3.5]}', "r1") == (
        200,
        {"predictions": [15.5], "model": model, "request_id": "r1"},
    )
    assert answered(predictor, PREDICT_BATCH, b'{"instances": [[2, 3.5]]}', "r2") == (
        200,
        {"results": [{"prediction": 15.5}], "succeeded": 1, "failed": 0, "model": model, "request_id": "r2"},
    )
    tensor = b'{"name": "X", "datatype": "FP32", "shape": [1, 2], "data": [2, 3.5]}'
    assert answered(predictor, INFER_V2, b'{"inputs": [' + tensor + b"]}", "r3") == (
        200,
        {
            "model_name": "probe",
            "model_version": version,
            "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 1], "data": [15.5]}],
            "id": "r3",
        },
    )


def test_a_body_may_be_bytes_text_or_a_document(serve: Opener) -> None:
    predictor = serve(models.linear())
    answers = [
        answered(predictor, PREDICT, body, "r")
        for body in (b'{"features": [0, 1]}', '{"features": [0, 1]}', {"features": [0, 1]})
    ]
    assert answers[0][0] == 200
    assert answers[0] == answers[1] == answers[2]


def test_a_byte_order_mark_is_no_part_of_a_body(serve: Opener) -> None:
    marked = b"\xef\xbb\xbf" + b'{"features": [0, 1]}'
    assert answered(serve(models.linear()), PREDICT, marked)[0] == 200


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "the body is empty"),
        (b" \n", "the body is empty"),
        ("", "the body is empty"),
        (b"{", "the body is not JSON: "),
        (b"{'a': 1}", "the body is not JSON: "),
        (b'{"features": [NaN]}', "the body is not JSON: NaN is not a JSON number"),
        (b'{"features": [-Infinity]}', "the body is not JSON: -Infinity is not a JSON number"),
        (b'{"features": [' + b"9" * 5000 + b"]}", "the body is not JSON: "),
        (b"\xff\xfe", "the body is not UTF-8 (byte 0)"),
        (b'{"a": "\xc3"}', "the body is not UTF-8 (byte 7)"),
        (b"[" * 200_000, "the body is nested too deeply"),
        (b'{"a":' * 200_000, "the body is nested too deeply"),
    ],
)
def test_a_body_that_is_not_json_is_refused(serve: Opener, body: bytes | str, sentence: str) -> None:
    status, document = answered(serve(models.linear()), PREDICT, body, "r")
    assert (status, document["request_id"]) == (400, "r")
    assert document["error"]["code"] == "invalid_json"
    assert document["error"]["message"].startswith(sentence)


def test_a_body_over_the_limit_is_refused_before_it_is_parsed(serve: Opener) -> None:
    predictor = serve(models.linear(), limits={"max_body_bytes": 30, "max_rows": 10})
    assert answered(predictor, PREDICT, b'{"features": [0, 1]}')[0] == 200
    status, document = answered(predictor, PREDICT, b"[" * 31)
    assert (status, document["error"]["code"]) == (413, "too_large")
    assert document["error"]["message"] == "the body has 31 bytes; at most 30 are taken"
    assert answered(predictor, PREDICT, "\N{EURO SIGN}" * 11)[0] == 413


def test_too_many_rows_are_refused(serve: Opener) -> None:
    predictor = serve(models.linear(), limits={"max_body_bytes": 1000, "max_rows": 2})
    for body in ({"instances": [[0, 1]] * 3}, {"inputs": {"X": [[0, 1]] * 3}}):
        status, document = answered(predictor, PREDICT, body)
        assert (status, document["error"]["code"]) == (413, "too_many_rows")
    assert answered(predictor, PREDICT_BATCH, {"instances": [[0, 1]] * 3})[0] == 413


def test_an_error_names_its_field_and_index(serve: Opener) -> None:
    status, document = answered(
        serve(models.linear()), PREDICT, b'{"instances": [[1, 2], {"a": 1, "b": "x"}]}', "r"
    )
    assert status == 422
    assert document == {
        "error": {
            "code": "invalid_input",
            "message": "b must be a number, not text",
            "field": "instances[1].b",
            "index": 1,
        },
        "request_id": "r",
    }


def test_an_error_in_v2_is_a_sentence_as_the_protocol_wants_it(serve: Opener) -> None:
    status, document = answered(serve(models.linear()), INFER_V2, b'{"inputs": []}', "r")
    assert status == 422
    assert document == {
        "error": "the input X is missing",
        "code": "invalid_input",
        "field": "inputs",
        "index": None,
        "request_id": "r",
    }


def test_an_unknown_route_is_not_found(serve: Opener) -> None:
    status, document = answered(serve(models.linear()), "train", b"{}", "r")
    assert (status, document["error"]["code"]) == (404, "not_found")


def test_a_failing_model_is_a_500_without_its_inner_words(
    serve: Opener, capfd: pytest.CaptureFixture[str]
) -> None:
    predictor = serve(models.classifier(["only"], label_is_index=True))
    status, document = answered(predictor, PREDICT, b'{"features": [0, 1]}', "r7")
    assert status == 500
    assert document["error"]["code"] == "model_failed"
    assert "classes" not in json.dumps(document)
    assert capfd.readouterr().err == "error: the model gave the class 1; it has 1 classes (request r7)\n"
    assert answered(predictor, PREDICT, b'{"features": [1, 0]}')[0] == 200


def test_a_fault_of_ours_is_a_500_that_logs_its_place_but_no_data(
    serve: Opener, capfd: pytest.CaptureFixture[str]
) -> None:
    class Hostile(dict[str, object]):
        def __len__(self) -> int:
            raise LookupError("secret of the user")

    status, document = answered(serve(models.linear()), PREDICT, Hostile(), "r")
    logged = capfd.readouterr().err
    assert (status, document["error"]["code"]) == (500, "model_failed")
    assert f"LookupError in {Path(__file__)}" in logged
    assert "secret" not in logged + json.dumps(document)


def test_documents_are_written_compact_and_without_nan() -> None:
    assert encode({"a": [1.5, None, "ö"]}) == b'{"a":[1.5,null,"\\u00f6"]}'
    assert encode("\ud800") == b'"\\ud800"'
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(float("nan"))
