"""Run by an interpreter of the target's version: ROOT REQUESTS ANSWERS. It imports nothing of packager.

Sends every event of REQUESTS to the handler of the function in ROOT, one request to every route of its app,
a few wrong ones, and runs the golden inputs; writes all answers to ANSWERS. What raises is an answer, too.
"""

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

REQUEST_ID = "replay"
_WRONG = (
    ("GET", "/nowhere", None),
    ("PUT", "/predict", "{}"),
    ("POST", "/predict", "{"),
    ("POST", "/predict", "{}"),
    ("POST", "/predict", '{"features": ["a"]}'),
    ("GET", "/models/none", None),
    ("POST", "/ready", "{}"),
)


class Context:
    """What Lambda gives a handler, with an id that is always the same."""

    aws_request_id = REQUEST_ID
    function_name = "replay"
    memory_limit_in_mb = "1024"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:replay"


def main(root: str, requests: str, dest: str) -> None:
    """Ask all, write all."""
    sys.path.insert(0, root)
    asked: dict[str, Any] = json.loads(Path(requests).read_text(encoding="utf-8"))
    answers = attempt(_answers, root, asked)
    Path(dest).write_text(json.dumps(answers), encoding="utf-8")


def attempt(act: Callable[..., Any], *arguments: Any) -> Any:
    """What ``act`` returns, or the exception that it raises as a document."""
    try:
        return act(*arguments)
    except BaseException as error:  # noqa: BLE001 - a function may end itself: that is its answer
        return {"raised": f"{type(error).__name__}: {error}"}


def _answers(root: str, asked: dict[str, Any]) -> dict[str, Any]:
    module: Any = importlib.import_module("runtimes.aws_lambda.handler")
    answers = {
        f"event {name}": attempt(module.handler, event, Context()) for name, event in asked["events"].items()
    }
    for method, path, body in _WRONG:
        title = f"{method} {path} {body or ''}".strip()
        answers[title] = attempt(module.handler, _event(method, path, body), Context())
    if asked["golden"]:
        answers["golden"] = attempt(_golden, root, asked["golden"])
    if Path(root, "runtimes", "http").is_dir():
        answers["routes"] = attempt(_routes, module.predictor, asked["events"])
    return answers


def _golden(root: str, cases: str) -> Any:
    """The engine's answers as they are; how long each took is no answer."""
    probe: Any = importlib.import_module("runtimes.core.probe")
    return probe.probe(root, cases)["cases"]


def _routes(predictor: Any, events: dict[str, Any]) -> dict[str, Any]:
    """Every route of the app, through Mangum also where a function answers without it."""
    create_app: Any = importlib.import_module("runtimes.http.app").create_app
    answers = {}
    for route in create_app(predictor).routes:
        for method in sorted(route.methods):
            event = _event(method, _filled(route.path, predictor), _body(route.path, predictor, events))
            answers[f"{method} {route.path}"] = attempt(_by_app, predictor, event)
    return answers


def _by_app(predictor: Any, event: dict[str, Any]) -> Any:
    http_event: Any = importlib.import_module("runtimes.aws_lambda.http_event")
    fallback: Any = importlib.import_module("runtimes.aws_lambda.fallback")
    request = http_event.HttpRequest(event, http_event.find_source(event))
    return fallback.answer_by_app(predictor, request, REQUEST_ID, 0.0)


def _filled(path: str, predictor: Any) -> str:
    manifest = predictor.manifest
    return path.replace("{model}", manifest.name).replace("{version}", manifest.version)


def _body(path: str, predictor: Any, events: dict[str, Any]) -> "str | None":
    if path.endswith("/infer"):
        examples: Any = importlib.import_module("runtimes.http.examples")
        return json.dumps(examples.example_infer(predictor.manifest.signature))
    name = {"/predict": "predict", "/predict/batch": "batch"}.get(path, "")
    body: str | None = events.get(name, {}).get("body")
    return body


def _event(method: str, path: str, body: "str | None") -> dict[str, Any]:
    """An event of an HTTP API."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"} if body is not None else {},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": ""}, "stage": "$default"},
        "isBase64Encoded": False,
        **({"body": body} if body is not None else {}),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
