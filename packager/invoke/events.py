"""Reads the event that an invocation starts from."""

import json
import sys
from pathlib import Path

from packager.errors import ArtifactError, InvokeError
from packager.invoke.invocation import Json

_DEFAULT = Path("events") / "predict.json"


def read_event(artifact: Path, event: Path | None) -> Json:
    """The JSON in this file; ``-`` is stdin; None is the artifact's own first example."""
    if event is None and not (artifact / _DEFAULT).is_file():
        raise ArtifactError(f"{artifact} has no {_DEFAULT}", hint="name an event with --event FILE")
    place = artifact / _DEFAULT if event is None else event
    try:
        text = sys.stdin.read() if str(place) == "-" else place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvokeError(f"the event {place} cannot be read: {error}") from error
    try:
        parsed: Json = json.loads(text)
    except ValueError as error:
        raise InvokeError(f"the event {place} is not JSON: {error}") from error
    return parsed
