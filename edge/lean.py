"""Imports ``array`` alone: from Python 3.10 on it asks for ``collections.abc``, and all of ``collections``
would come with that, half a megabyte and a millisecond of every start."""

from __future__ import annotations

import sys

_ASKED_FOR = ("collections", "collections.abc")


def import_array() -> None:
    """What ``array`` asks for is there already under another name; afterwards all is as it was.

    Nobody else can meet the other name: whoever has threads has imported ``collections`` long ago.
    """
    abc = sys.modules.get("_collections_abc")
    if abc is None or [name for name in _ASKED_FOR if name in sys.modules]:
        return
    sys.modules.update(dict.fromkeys(_ASKED_FOR, abc))
    try:
        __import__("array")
    finally:
        for name in _ASKED_FOR:
            del sys.modules[name]
