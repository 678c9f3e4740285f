"""Lists things with options (targets, passes) on a terminal: what each is, and its options with defaults."""

from collections.abc import Iterator
from typing import Any


def lines(name: str, schema: dict[str, Any], remark: str = "") -> Iterator[str]:
    """One of them, by the JSON schema of its class."""
    yield f"{name}: {' '.join(schema['description'].split())}{remark}"
    for option, field in schema["properties"].items():
        if option != "kind":
            yield f"  {option:<20} {_default(field):<12} {field.get('description', '')}{_choices(field)}"


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    return (
        str(value).lower() if isinstance(value, bool) else "-" if value in (None, {}, [], "") else str(value)
    )


def _choices(field: dict[str, Any]) -> str:
    values = field.get("enum", ())
    return f" ({', '.join(map(str, values))})" if 0 < len(values) <= 6 else ""
