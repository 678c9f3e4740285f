"""Byte-code of a new bundle for this device's own Python: a slot is never written to, so it is made once.

Each start would compile anew otherwise. It is not checked against its source at every import (PEP 552), since
neither changes in a slot, and has no docstrings, as in a bundle: they take memory.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

from edge.update.errors import UnfitError

if TYPE_CHECKING:
    from edge.update.disk import Disk

_PACKAGES = ("edge/", "runtimes/")
_CACHE = "__pycache__"
_DIGEST_BYTES = 32
"""At the end of each file, where Python does not look: its SHA-256."""
_UNCHECKED = (1).to_bytes(4, "little")


def compile_sources(disk: Disk, root: str, paths: list[str]) -> list[str]:
    """Write the byte-code of what a prediction may import; the new folders, for the caller to sync."""
    folders: list[str] = []
    for path in paths:
        if path.endswith(".py") and path.startswith(_PACKAGES):
            folder, name = os.path.split(path)
            cache = f"{folder}/{_CACHE}"
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
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(text)
    body = head + marshal.dumps(code)
    return body + sha256(body).digest()


def drop_damaged(disk: Disk, root: str) -> None:
    """Remove what a card has lost of a bundle's byte-code: Python takes the source then, and is right."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.basename(folder) == _CACHE and not _is_whole(path):
                disk.remove(path)


def _is_whole(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            body = file.read()
    except OSError:
        return False
    return sha256(body[:-_DIGEST_BYTES]).digest() == body[-_DIGEST_BYTES:]
