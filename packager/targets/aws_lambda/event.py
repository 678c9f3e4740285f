"""The example events of an artifact, made from real rows: what `sam local invoke -e` and a test send."""

import json
from typing import Any

from packager.layout import IncludedFile
from packager.model import Signature
from packager.rendering import render
from packager.targets.request import batch_request, single_request

# Event file, template, method, path; the body is the example for that route.
_HTTP = (
    ("predict", "http_api", "POST", "/predict"),
    ("batch", "http_api", "POST", "/predict/batch"),
    ("health", "http_api", "GET", "/health"),
    ("apigw_v1", "rest_api", "POST", "/predict"),
    ("function_url", "function_url", "POST", "/predict"),
    ("alb", "alb", "POST", "/predict"),
)


def files(signature: Signature, golden_json: bytes, *, http: bool = True) -> list[IncludedFile]:
    """`events/*.json`: one for each way in which the function can be called."""
    cases = json.loads(golden_json)["cases"]
    single, batch = single_request(signature, cases), batch_request(signature, cases)
    bodies = {"/predict": single, "/predict/batch": batch, "/health": None}
    made = {"direct": _json(single), "sqs": _render("sqs", bodies=_queue_bodies(single, batch))}
    for name, template, method, path in _HTTP:
        body = bodies[path]
        if (body is None and method == "POST") or (path == "/health" and not http):
            continue
        text = "" if body is None else _compact(body)
        made[name] = _render(template, method=method, path=path, body=text)
    return [IncludedFile(f"events/{name}.json", made[name]) for name in sorted(made)]


def _queue_bodies(single: dict[str, Any], batch: dict[str, Any] | None) -> list[str]:
    """A queue's record is one request document of one row."""
    if batch is None:
        return [_compact(single)] * 2
    return [_compact({"instances": [row]}) for row in batch["instances"][:2]]


def _compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _json(document: object) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _render(template: str, **values: Any) -> bytes:
    return render(f"aws_lambda/events/{template}.json", **values)
