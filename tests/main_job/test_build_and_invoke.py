"""From a file on disk to an answer: each source is built and its artifact asked, by Lambda's emulator."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packager.invoke import emulator
from tests.main_job import sources
from tests.main_job.commands import build
from tests.main_job.sources import SourceFiles

CASES: tuple[Callable[[Path], SourceFiles], ...] = (
    sources.mixed_pipeline,
    sources.forest,
    sources.exported_cnn,
    sources.state_dict,
    sources.speech_detector,
    sources.mnist,
    sources.face_landmarks,
    sources.peptides,
)


@pytest.mark.network
@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_the_artifact_answers_as_the_source_does(make: Callable[[Path], SourceFiles], tmp_path: Path) -> None:
    made = make(tmp_path)
    report = build(made.model, "--name", "model", *made.arguments, cwd=tmp_path)
    verification = report["verification"]
    assert verification["passed"]
    assert verification["label_flips"] == 0
    assert verification["source_of_rows"] == ("samples" if "--samples" in made.arguments else "signature")
    (artifact,) = report["artifacts"]
    assert (tmp_path / artifact["archive"]).stat().st_size == artifact["size_bytes"]
    with emulator.session(tmp_path / artifact["path"]) as function:
        for question in made.questions:
            check(function.invoke(question.request).or_error().document, question.answer)
        event = http_event(made.questions[0].request)
        answered = function.invoke(event).or_error().document
        assert isinstance(answered, dict)
        assert answered["statusCode"] == 200
        check(json.loads(str(answered["body"])), made.questions[0].answer)


def http_event(document: Any) -> Any:
    """A POST to /predict as an HTTP API sends it."""
    return {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": "/predict",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": "POST", "path": "/predict", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
            "requestId": "test",
        },
        "body": json.dumps(document),
        "isBase64Encoded": False,
    }


def check(answered: Any, expected: Any) -> None:
    """Numbers within 1e-4, everything else equal; what the answer has besides is its own affair."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            check(answered[key], value)
    elif isinstance(expected, list):
        assert len(answered) == len(expected)
        for one, other in zip(answered, expected, strict=True):
            check(one, other)
    elif isinstance(expected, float):
        assert answered == pytest.approx(expected, rel=1e-4, abs=1e-4)
    else:
        assert answered == expected
