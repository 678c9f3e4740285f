"""Renders the text files of artifacts and reports from `templates/<target>/<name>.j2`."""

import hashlib
import json
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from packager import resources

_ESCAPED = frozenset(map(chr, (*range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)))


def render(template: str, **values: Any) -> bytes:
    """Render one template; a value that it names and that is not given is an error.

    ``json`` quotes a value as JSON, which is a YAML and a TOML string, too.
    """
    return _environment().get_template(f"{template}.j2").render(**values).encode()


def quote(value: object) -> str:
    """A value as JSON on one line, safe to stand in JSON, YAML and TOML alike; NaN is an error."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    # JSON lets these stand as they are; YAML refuses them or takes them for line breaks, TOML refuses some.
    return "".join(f"\\u{ord(mark):04x}" if mark in _ESCAPED else mark for mark in text)


def _md5(text: str) -> str:
    """The digest that a queue's message carries."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(resources.folder("templates"))
    # HTML is escaped; in YAML, TOML, JSON and Dockerfiles values are quoted by the filter `json`.
    environment = Environment(
        loader=loader, undefined=StrictUndefined, autoescape=select_autoescape(("html.j2",), default=False),
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["json"] = quote
    environment.filters["md5"] = _md5
    return environment
