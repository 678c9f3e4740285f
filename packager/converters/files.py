"""Files that appear whole or not at all."""

import json
from pathlib import Path
from typing import Any


def write_json(dest: Path, document: dict[str, Any]) -> None:
    write_bytes(dest, json.dumps(document, sort_keys=True, ensure_ascii=False).encode("utf-8"))


def write_bytes(dest: Path, data: bytes) -> None:
    beside = dest.with_name(dest.name + ".part")
    beside.write_bytes(data)
    beside.replace(dest)
