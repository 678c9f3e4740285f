"""From a file on disk to an answer: each source is built and its artifact asked, by Lambda's emulator."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.invoke import emulator
from tests.main_job import sources
from tests.main_job.commands import build, check, http_event
from tests.main_job.sources import SourceFiles

CASES: tuple[Callable[[Path], SourceFiles], ...] = (
    sources.mixed_pipeline,
    sources.forest,
    sources.exported_cnn,
    sources.state_dict,
    sources.speech_detector,
    sources.speech_detector_of_two_rates,
    sources.text_direction,
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
