"""What grew since the previous build of the same name: its archives' parts are compared by name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packager.bundle import WrittenArchive

_MOST_PARTS = 3


def growth(record: Path, archives: Sequence[WrittenArchive]) -> tuple[str, ...]:
    """One sentence for each archive that is not as large as ``record``, the previous `build.json`, says.

    Nothing is said where there is no such record, or one that is not ours.
    """
    try:
        document = json.loads(record.read_text(encoding="utf-8"))
        before = {Path(archive["path"]).name: archive for archive in document["archives"]}
        return tuple(
            _sentence(archive, before[archive.path.name])
            for archive in archives
            if archive.path.name in before and before[archive.path.name]["size_bytes"] != archive.size_bytes
        )
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _sentence(archive: WrittenArchive, before: dict[str, Any]) -> str:
    difference = archive.size_bytes - before["size_bytes"]
    now = {part.name: part.zipped_bytes for part in archive.parts}
    then = {part["name"]: part["zipped_bytes"] for part in before["parts"]}
    changes = {name: now.get(name, 0) - then.get(name, 0) for name in now.keys() | then.keys()}
    largest = sorted(changes, key=lambda name: (-abs(changes[name]), name))[:_MOST_PARTS]
    parts = ", ".join(f"{name} {_signed(changes[name])}" for name in largest if changes[name])
    verb = "grew" if difference > 0 else "shrank"
    share = abs(difference) / before["size_bytes"]
    return f"{archive.path.name} {verb} by {amount(abs(difference))} ({share:.0%}): {parts}"


def _signed(size_bytes: int) -> str:
    return f"{'+' if size_bytes > 0 else '-'}{amount(abs(size_bytes))}"


def amount(size_bytes: int) -> str:
    """Bytes for a person, in decimal units."""
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes} B"
