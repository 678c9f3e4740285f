"""A whole function, assembled from the real runtime: it runs, it fits, and its bytes are always the same."""

import json
import os
import platform as machine
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uv

from packager import bundle, interpreters, preflight
from packager.layout import Arch
from packager.targets.aws_lambda.target import AwsLambda
from tests.packager.assembling import assemble
from tests.packager.targets.models import golden, tensor
from tests.runtimes.models import classifier_root, mixed_root, tensor_root

pytestmark = pytest.mark.network

REPOSITORY = Path(__file__).parents[2]
HERE: Arch = "arm64" if machine.machine() == "aarch64" else "x86_64"
VERSIONS = [version for version in ("3.11", "3.12", "3.13", "3.14") if interpreters.find(version)]
MOST_BYTES = 15_900_000
"""0.30 of what the same function weighs when it is packed with pip, compiled (53.2 MB)."""

# Sends the example events to the shipped handler and prints the answers; run without site-packages.
SEND = """
import json, sys
from runtimes.aws_lambda.handler import handler

class Context:
    aws_request_id = "0000"
    function_name = "model"
    memory_limit_in_mb = "1024"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:model"

answers = {}
for text in sys.argv[1:]:
    name, event = json.loads(text)
    answers[name] = handler(event, Context())
answers["modules"] = sorted({name.partition(".")[0] for name in sys.modules})
print("ANSWERS" + json.dumps(answers))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return classifier_root(tmp_path_factory.mktemp("model") / "root")


def send(artifact: Path, version: str, events: dict[str, Any]) -> dict[str, Any]:
    """Run the function as Lambda would: its folder read-only, nothing else on the path."""
    interpreter = interpreters.find(version)
    assert interpreter is not None
    command = [str(interpreter.path), "-S", "-B", "-c", SEND, *(json.dumps(item) for item in events.items())]
    done = preflight.ReadOnly()(command, artifact / "function", {})
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("ANSWERS")]
    answers: dict[str, Any] = json.loads(line.removeprefix("ANSWERS"))
    return answers


def events_of(artifact: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in (artifact / "events").glob("*.json")}


def get(path: str, health: dict[str, Any]) -> dict[str, Any]:
    """The health event, for another page."""
    text = json.dumps(health).replace("/health", path)
    event: dict[str, Any] = json.loads(text)
    return event


@pytest.mark.parametrize("version", VERSIONS)
def test_the_function_answers_every_example_event_without_sources(
    version: str, root: Path, tmp_path: Path
) -> None:
    target = AwsLambda.model_validate({"runtime": f"python{version}", "arch": HERE})
    written = assemble(root, tmp_path / "lambda", target)
    assert not list((tmp_path / "lambda/function/runtimes").rglob("*.py"))
    events = events_of(tmp_path / "lambda")
    pages = {path: get(path, events["health"]) for path in ("/docs", "/openapi.json", "/info", "/nowhere")}
    answers = send(tmp_path / "lambda", version, {**events, **pages})
    assert answers["direct"]["predictions"] == ["setosa"]
    for name in ("predict", "apigw_v1", "function_url", "alb"):
        assert answers[name]["statusCode"] == 200, name
        assert json.loads(answers[name]["body"])["predictions"] == ["setosa"], name
    results = json.loads(answers["batch"]["body"])["results"]
    assert [result["prediction"] for result in results] == ["setosa", "virginica"]
    assert answers["sqs"]["batchItemFailures"] == []
    assert answers["health"]["statusCode"] == 200
    assert "swagger" in answers["/docs"]["body"]
    assert "/predict" in json.loads(answers["/openapi.json"]["body"])["paths"]
    assert answers["/nowhere"]["statusCode"] == 404
    assert {"fastapi", "mangum", "pydantic_core"} <= set(answers["modules"])
    assert not {"numpy", "onnxruntime", "packager"} & set(answers["modules"])
    assert written.size_bytes < MOST_BYTES


@pytest.mark.parametrize(
    ("make_root", "one", "more", "expected"),
    [
        (
            mixed_root,
            {"city": tensor([["Köln"]], "string"), "age": tensor([[3.5]], "float32")},
            {"city": tensor([["Köln"], ["Rom"]], "string"), "age": tensor([[3.5], [2.0]], "float32")},
            [13.5, 3.0],
        ),
        (
            tensor_root,
            {"picture": tensor([[[1, 2, 3], [4, 5, 6]]], "float32")},
            {"picture": tensor([[[1, 2, 3], [4, 5, 6]], [[0, 0, 0], [0, 0, 3]]], "float32")},
            [3.5, 0.5],
        ),
    ],
)
def test_the_example_events_of_other_models_are_answered_too(
    make_root: Callable[[Path], Path],
    one: dict[str, Any],
    more: dict[str, Any],
    expected: list[float],
    tmp_path: Path,
) -> None:
    target = AwsLambda.model_validate({"runtime": f"python{VERSIONS[-1]}", "arch": HERE, "http": "none"})
    assemble(make_root(tmp_path / "root"), tmp_path / "lambda", target, cases=golden(one, more))
    answers = send(tmp_path / "lambda", VERSIONS[-1], events_of(tmp_path / "lambda"))
    assert answers["direct"]["predictions"] == expected[:1]
    assert json.loads(answers["predict"]["body"])["predictions"] == expected[:1]
    results = json.loads(answers["batch"]["body"])["results"]
    assert [result["prediction"] for result in results] == expected
    assert answers["sqs"]["batchItemFailures"] == []


def test_a_prediction_imports_none_of_the_packages(root: Path, tmp_path: Path) -> None:
    target = AwsLambda.model_validate({"runtime": f"python{VERSIONS[-1]}", "arch": HERE})
    assemble(root, tmp_path / "lambda", target)
    answers = send(tmp_path / "lambda", VERSIONS[-1], {"predict": events_of(tmp_path / "lambda")["predict"]})
    assert not {"fastapi", "mangum", "pydantic", "starlette"} & set(answers["modules"])


def test_sources_ship_and_answer_the_same_where_nothing_can_compile_them(root: Path, tmp_path: Path) -> None:
    target = AwsLambda.model_validate({"runtime": f"python{VERSIONS[-1]}", "arch": HERE})
    assemble(root, tmp_path / "lambda", target, compiled=False)
    assert not list((tmp_path / "lambda/function").rglob("*.pyc"))
    answers = send(tmp_path / "lambda", VERSIONS[-1], events_of(tmp_path / "lambda"))
    assert answers["direct"]["predictions"] == ["setosa"]
    assert answers["health"]["statusCode"] == 200


def test_without_http_the_function_holds_no_packages(root: Path, tmp_path: Path) -> None:
    target = AwsLambda.model_validate({"runtime": f"python{VERSIONS[-1]}", "arch": HERE, "http": "none"})
    written = assemble(root, tmp_path / "lambda", target)
    assert {part.name.partition("/")[0] for part in written.parts} == {
        "lib",
        "manifest.json",
        "model",
        "runtimes",
    }
    answers = send(tmp_path / "lambda", VERSIONS[-1], {"direct": events_of(tmp_path / "lambda")["direct"]})
    assert answers["direct"]["predictions"] == ["setosa"]


@pytest.mark.parametrize("runtime", ["python3.11", "python3.13"])
@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_the_function_fits_its_target(runtime: str, arch: str, root: Path, tmp_path: Path) -> None:
    target = AwsLambda.model_validate({"runtime": runtime, "arch": arch})
    written = assemble(root, tmp_path / "lambda", target)
    assert len(preflight.check(tmp_path / "lambda/function", target.platform)) == 2
    assert written.size_bytes < MOST_BYTES


def test_its_bytes_do_not_depend_on_the_machines_state(root: Path, tmp_path: Path) -> None:
    """Another time zone, umask, locale, hash seed, folder, home, cache and order of fetching: equal bytes."""
    options = json.dumps({"runtime": "python3.13", "arch": HERE})
    first, second = tmp_path / "a" / "lambda", tmp_path / "ünother place" / "lambda"
    assemble(root, first, AwsLambda.model_validate_json(options))
    (tmp_path / "home").mkdir()
    kept = {
        name: os.environ[name] for name in os.environ if not name.startswith(("PYTHON", "LC_", "SOURCE_"))
    }
    changed = {
        "TZ": "Pacific/Apia", "LC_ALL": "tr_TR.UTF-8", "LANG": "C", "USER": "somebody",
        "PYTHONHASHSEED": "4711", "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path / "home"), "PACKAGER_CACHE_DIR": str(tmp_path / "cache"),
        "UV_CACHE_DIR": uv_cache(), "PYENV_ROOT": os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv"),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.packager.assembling", str(root), str(second), options, "077"]
    done = subprocess.run(command, cwd="/", env={**kept, **changed}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in (bundle.CHECKSUMS, "function.zip", "template.yaml"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def uv_cache() -> str:
    """uv's own store of wheels, which is no part of the test: each is checked by its hash."""
    done = subprocess.run([uv.find_uv_bin(), "cache", "dir"], capture_output=True, text=True, check=True)
    return done.stdout.strip()
