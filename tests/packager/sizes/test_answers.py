"""Answers are compared value by value; what changes from one run to the next is left out."""

import json

from packager.sizes.answers import changing, difference, parsed, refused


def answer(**values: object) -> bytes:
    return json.dumps({"statusCode": 200, "body": json.dumps(values)}).encode()


def test_a_gateways_body_is_looked_into() -> None:
    assert parsed(answer(label=[1, 2])) == {"statusCode": 200, "body.label[0]": 1, "body.label[1]": 2}


def test_what_changes_by_itself_is_no_difference() -> None:
    one, other = parsed(answer(label=1, at=1.5)), parsed(answer(label=1, at=1.75))
    assert changing(one, other) == {"body.at"}
    assert difference(one, parsed(answer(label=1, at=9)), changing(one, other)) is None


def test_another_value_is_a_difference_with_its_place() -> None:
    said = difference(parsed(answer(label=1)), parsed(answer(label=2)), frozenset())
    assert said == "body.label is 2 instead of 1"


def test_a_missing_and_an_empty_value_are_differences() -> None:
    assert difference(parsed(answer(a=1, b=[])), parsed(answer(a=1)), frozenset()) is not None
    assert difference(parsed(answer(a=[])), parsed(answer(a={})), frozenset()) is not None
    assert difference(parsed(b'{"a": true}'), parsed(b'{"a": false}'), frozenset()) is not None


def test_answers_that_are_no_json_are_compared_as_texts() -> None:
    assert difference(parsed(b"one"), parsed(b"one"), frozenset()) is None
    assert (
        difference(parsed(b"one"), parsed(b"other"), frozenset()) == "the answer is 'other' instead of 'one'"
    )


def test_the_answer_to_a_wrong_request_is_told_by_its_status() -> None:
    assert refused(parsed(b'{"statusCode": 422, "body": "{}"}'))
    assert refused(parsed(b'{"status": 500}'))
    assert not refused(parsed(answer(label=1)))
    assert not refused(parsed(b'{"status": "ok"}'))
