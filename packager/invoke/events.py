"""Reads the event that an invocation starts from."""

import json
import math
import sys
from pathlib import Path

from packager.errors import ArtifactError, InvokeError
from packager.invoke.invocation import Json

_DEFAULT = Path("events") / "predict.json"
_HINT = "name a file that holds one event as JSON: --event FILE"


def read_event(artifact: Path, event: Path | None) -> Json:
    """The JSON in this file; ``-`` is stdin; None is the artifact's own first example."""
    if event is None and not (artifact / _DEFAULT).is_file():
        raise ArtifactError(f"{artifact} has no {_DEFAULT}", hint="name an event with --event FILE")
    place = artifact / _DEFAULT if event is None else event
    try:
        text = sys.stdin.read() if str(place) == "-" else place.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvokeError(f"the event {place} cannot be read: {error.strerror}", _HINT) from error
    except UnicodeDecodeError as error:
        raise InvokeError(f"the event {place} is not JSON: it is no text in UTF-8", _HINT) from error
    try:
        parsed: Json = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InvokeError(f"the event {place} is not JSON: {error}", _HINT) from error
    return parsed


def _refuse(name: str) -> float:
    raise ValueError(f"{name[:40]} is not a number that can be sent")


def _finite(text: str) -> float:
    """A number out of range would be sent as `Infinity`, which the function's interface cannot read."""
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)
