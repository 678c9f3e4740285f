"""`sam local invoke` on artifacts that `packager build` made: zip and image, answers and failures."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from packager import containers
from packager.errors import InvokeError
from packager.invoke import sam as sam_runner
from packager.invoke.invocation import Invocation
from tests.packager.invoke.functions import write_artifact
from tests.sam.models import Built

pytestmark = pytest.mark.engine


def close(rows: list[list[float]]) -> list[Any]:
    return [pytest.approx(row, rel=1e-4, abs=1e-5) for row in rows]


def event_for(built: Built, document: object) -> Any:
    """The artifact's own example of an HTTP request, with another body."""
    event = json.loads((built.artifact / "events" / "predict.json").read_text())
    return {**event, "body": json.dumps(document), "isBase64Encoded": False}


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
    rows = forest.rows.iloc[[3, 70, 148]]
    event = event_for(forest, {"instances": rows.values.tolist()})
    body = body_of(sam_runner.invoke(forest.artifact, event))
    labels, probabilities = forest.answers(rows)
    assert body["predictions"] == labels
    assert body["probabilities"] == close(probabilities)
    assert digests(forest.artifact) == before


def test_rows_of_text_and_numbers_are_answered_with_words(engine: containers.Engine, mixed: Built) -> None:
    rows = mixed.rows.iloc[[0, 1, 20, 33]]
    event = event_for(mixed, {"instances": rows.to_dict("records")})
    body = body_of(sam_runner.invoke(mixed.artifact, event))
    labels, probabilities = mixed.answers(rows)
    assert set(labels) == {"busy", "calm"} and body["predictions"] == labels
    assert body["probabilities"] == close(probabilities)


def test_the_image_answers_as_the_source_model_does(engine: containers.Engine, forest: Built) -> None:
    rows = forest.rows.iloc[[10, 90]]
    event = event_for(forest, {"instances": rows.values.tolist()})
    body = body_of(sam_runner.invoke(forest.artifact, event, image=True))
    labels, probabilities = forest.answers(rows)
    assert body["predictions"] == labels
    assert body["probabilities"] == close(probabilities)


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
        posted = json.dumps({"features": forest.rows.iloc[0].tolist()})
        address = "http://127.0.0.1:8080/2015-03-31/functions/function/invocations"
        command = f"until wget -q -O - --post-data '{posted}' {address}; do sleep 0.1; done"
        answered = json.loads(docker("exec", name, "timeout", "20", "sh", "-c", command))
        assert answered["predictions"] == forest.answers(forest.rows.iloc[[0]])[0]
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


def test_the_command_prints_the_answer_and_nothing_else(engine: containers.Engine, forest: Built) -> None:
    command = [sys.executable, "-m", "packager", "invoke", str(forest.artifact), "--with", "sam"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    labels, _ = forest.answers(forest.rows.iloc[[0]])
    assert json.loads(json.loads(done.stdout)["body"])["predictions"] == labels


def unzipped(artifact: Path) -> Path:
    """Let SAM take the folder: these small functions have no zip."""
    template = artifact / "template.yaml"
    template.write_text(template.read_text().replace("CodeUri: function.zip", "CodeUri: function/"))
    return artifact


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
