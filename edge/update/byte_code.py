"""Byte-code of a new bundle for this device's own Python: a slot is never written to, so it is made once.

Each start would compile anew otherwise. It is not checked against its source at every import (PEP 552), since
neither changes in a slot, and has no docstrings, as in a bundle: they take memory.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import sys
from typing import TYPE_CHECKING

from edge.update.errors import UnfitError

if TYPE_CHECKING:
    from edge.update.disk import Disk

_PACKAGES = ("edge/", "runtimes/")
_UNCHECKED = (1).to_bytes(4, "little")


def compile_sources(disk: Disk, root: str, paths: list[str]) -> list[str]:
    """Write the byte-code of what a prediction may import; the new folders, for the caller to sync."""
    folders: list[str] = []
    for path in paths:
        if path.endswith(".py") and path.startswith(_PACKAGES):
            folder, name = os.path.split(path)
            cache = f"{folder}/__pycache__"
            if cache not in folders:
                disk.make_dir(os.path.join(root, cache))
                folders.append(cache)
            dest = f"{cache}/{name[:-3]}.{sys.implementation.cache_tag}.pyc"
            disk.write_new(os.path.join(root, dest), _compile(os.path.join(root, path), path))
    return folders


def _compile(source: str, path: str) -> bytes:
    with open(source, "rb") as file:
        text = file.read()
    try:
        code = compile(text, path, "exec", dont_inherit=True, optimize=2)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise UnfitError(f"the release's {path} is no program for this Python: {error}") from None
    digest = importlib.util.source_hash(text)
    return importlib.util.MAGIC_NUMBER + _UNCHECKED + digest + marshal.dumps(code)
