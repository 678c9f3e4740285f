"""Finds the route's own path in an HTTP event: without the stage and without a custom domain's base path."""

from __future__ import annotations

import os

BASE_PATH = os.environ.get("BASE_PATH", "").rstrip("/")
"""What stands before the routes where no event says it, for instance `/ml` of the resource `/ml/{proxy+}`."""


def read_path(event: dict[str, object], source: str) -> str:
    """The path that the routes know: `/predict`, whatever stage or mapping the request came through."""
    context = as_object(event.get("requestContext"))
    path = _unquote(str(event.get("rawPath") or event.get("path") or "/"))
    if source == "apigw_v1":
        known = _after_mapping(path, event.get("resource"), event)
        # An HTTP API that speaks format 1.0 leaves the stage in the path, a REST API does not.
        path = known or (_after_stage(path, context) if event.get("version") == "1.0" else path)
    elif source == "apigw_v2":
        template = str(event.get("routeKey")).partition(" ")[2]
        path = _after_mapping(path, template, event) or _after_stage(path, context)
    return _without(path, BASE_PATH) if BASE_PATH else path


def as_object(value: object) -> dict[str, object]:
    """The value when it is an object, else an empty one: an event may leave out what it likes."""
    return value if isinstance(value, dict) else {}


def _after_mapping(path: str, template: object, event: dict[str, object]) -> str | None:
    """The end of the path that the API's own route (`/{proxy+}`, `/models/{name}`) describes."""
    if not isinstance(template, str) or not template.startswith("/"):
        return None
    parameters = as_object(event.get("pathParameters"))
    if template == "/{proxy+}":  # the route that most APIs have, and the template's own
        rest = _fill("{proxy+}", parameters)
        return f"/{rest}" if rest is not None and path.endswith(f"/{rest}") else None
    parts = [_fill(part, parameters) for part in template.split("/")]
    filled = "/".join(part for part in parts if part is not None)
    return filled if None not in parts and path.endswith(filled) else None


def _fill(part: str, parameters: dict[str, object]) -> str | None:
    if not (part.startswith("{") and part.endswith("}")):
        return part
    value = parameters.get(part[1:-1].rstrip("+"))
    return _unquote(value) if isinstance(value, str) else None


def _after_stage(path: str, context: dict[str, object]) -> str:
    """Only an API's default address puts the stage into the path; a custom domain does not."""
    stage = str(context.get("stage") or "$default")
    domain = str(context.get("domainName") or ".execute-api.")
    return path if stage == "$default" or ".execute-api." not in domain else _without(path, "/" + stage)


def _without(path: str, prefix: str) -> str:
    if path == prefix:
        return "/"
    return path[len(prefix) :] if path.startswith(prefix + "/") else path


def _unquote(path: str) -> str:
    if "%" not in path:
        return path
    from urllib.parse import unquote

    return unquote(path)
