"""`sam local invoke` on artifacts that `packager build` made: zip and image, answers and failures."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from packager import containers
from packager.errors import InvokeError
from packager.invoke import sam as sam_runner
from packager.invoke.invocation import Invocation
from tests.main_job.commands import check, packager
from tests.packager.invoke.functions import write_artifact
from tests.sam.built import Built

pytestmark = pytest.mark.engine


def body_of(invocation: Invocation) -> dict[str, Any]:
    answered = invocation.or_error()
    assert answered.status == 200 and isinstance(answered.document, dict)
    body: dict[str, Any] = json.loads(str(answered.document["body"]))
    return body


def digests(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_the_engine_makes_containers(bare_engine: containers.Engine) -> None:
    assert containers.why_unable(bare_engine) is None
    assert not any("packager-probe" in name for name in containers.image_names(bare_engine))


def test_the_zip_answers_as_the_source_model_does(engine: containers.Engine, forest: Built) -> None:
    before = digests(forest.artifact)
    for question in forest.questions:
        found = sam_runner.invoke(forest.artifact, forest.event(question.request))
        check(body_of(found), question.answer)
    assert digests(forest.artifact) == before


def test_rows_of_text_and_numbers_are_answered_with_words(engine: containers.Engine, mixed: Built) -> None:
    (question,) = mixed.questions
    check(body_of(sam_runner.invoke(mixed.artifact, mixed.event(question.request))), question.answer)


def test_the_image_answers_as_the_source_model_does(engine: containers.Engine, forest: Built) -> None:
    question = forest.questions[-1]
    found = sam_runner.invoke(forest.artifact, forest.event(question.request), image=True)
    check(body_of(found), question.answer)


def test_the_image_needs_no_network_no_rights_and_no_disk(engine: containers.Engine, forest: Built) -> None:
    """As a container of its own: SAM gives it a network, root and a disk that can be written."""
    context = forest.artifact
    docker(
        "build",
        "--quiet",
        "--file",
        str(context / "image" / "Dockerfile"),
        "--tag",
        "forest-alone",
        str(context),
    )
    options = ["--detach", "--network", "none", "--read-only", "--tmpfs", "/tmp"]
    name = docker("run", *options, "forest-alone").strip()
    try:
        question = forest.questions[0]
        posted = json.dumps(question.request)
        address = "http://127.0.0.1:8080/2015-03-31/functions/function/invocations"
        command = f"until wget -q -O - --post-data '{posted}' {address}; do sleep 0.1; done"
        answered = json.loads(docker("exec", name, "timeout", "20", "sh", "-c", command))
        check(answered, question.answer)
        assert docker("exec", name, "id", "-u").strip() == "65534"
    finally:
        docker("rm", "--force", name)


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"raise": "a bad row"}, "the function failed with ValueError: a bad row"),
        ({"exit": 3}, "Runtime.ExitError"),
        ({"sleep_s": 30}, "did not answer within its time-out of 2 s"),
    ],
    ids=["raises", "exits", "is-late"],
)
def test_a_function_that_fails_is_an_error_though_sam_ends_with_nought(
    event: Any, failure: str, engine: containers.Engine, runtime: str, tmp_path: Path
) -> None:
    artifact = unzipped(write_artifact(tmp_path, runtime=runtime, timeout_s=2))
    found = sam_runner.invoke(artifact, event)
    with pytest.raises(InvokeError) as caught:
        found.or_error()
    assert failure in caught.value.message
    assert any("function: event" in line for line in caught.value.details)


def test_the_command_prints_the_answer_and_nothing_else(
    engine: containers.Engine, forest: Built, tmp_path: Path
) -> None:
    question = forest.questions[0]
    (tmp_path / "event.json").write_text(json.dumps(question.request))
    done = packager("invoke", forest.artifact, "--with", "sam", "--event", "event.json", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    check(done.document(), question.answer)


def unzipped(artifact: Path) -> Path:
    """Let SAM take the folder: these small functions have no zip."""
    template = artifact / "template.yaml"
    template.write_text(template.read_text().replace("CodeUri: function.zip", "CodeUri: function/"))
    return artifact


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
