"""Compares two answers of a function value by value, leaving out what changes by itself."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

Answer = dict[str, Any]
"""Every value of an answer by its place in it."""
MISSING = object()


def parsed(body: bytes) -> Answer:
    """The answer's values; a text that is JSON, as a gateway's body is, is looked into."""
    try:
        document = json.loads(body)
    except ValueError:
        document = body.decode("utf-8", "replace")
    return dict(_leaves("", document))


def refused(answer: Answer) -> bool:
    """Whether it is the answer to a wrong request, by the status in it."""
    status = answer.get("statusCode", answer.get("status"))
    return isinstance(status, int) and status >= 400


def changing(one: Answer, other: Answer) -> frozenset[str]:
    """The places that two answers to the same event do not agree in: times, ids."""
    return frozenset(
        place for place in one.keys() | other.keys() if one.get(place, MISSING) != other.get(place, MISSING)
    )


def difference(before: Answer, after: Answer, ignored: frozenset[str]) -> str | None:
    """The first place in which they differ, with both values; None where they are the same."""
    places = sorted(changing(before, after) - ignored)
    if not places:
        return None
    place = places[0]
    return f"{place or 'the answer'} is {_short(after, place)} instead of {_short(before, place)}"


def _short(answer: Answer, place: str) -> str:
    return repr(answer[place])[:100] if place in answer else "not there"


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, str) and value[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, dict) and value:
        for name in value:
            yield from _leaves(f"{place}.{name}" if place else name, value[name])
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(f"{place}[{index}]", item)
    else:
        yield place, value
