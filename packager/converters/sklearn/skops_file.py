"""skops files: the schema is judged by our own allow-list before skops reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packager.converters.archive import entries, read_entry
from packager.converters.failure import SourceError, UnsafeModelError
from packager.converters.pickles.allowlist import admit
from packager.converters.pickles.rehearsal import Contents
from packager.converters.pickles.unpickler import unsafe

_DATA_NODES = frozenset(
    {
        "BytearrayNode", "BytesNode", "CachedNode", "DTypeNode", "DefaultDictNode", "DictNode", "JsonNode",
        "ListNode", "MaskedArrayNode", "NdArrayNode", "RandomGeneratorNode", "RandomStateNode", "SetNode",
        "SliceNode", "SparseMatrixNode", "TupleNode",
    }
)  # fmt: skip
_CLASS_NODES = frozenset({"LossNode", "ObjectNode", "ReduceNode", "TreeNode"})
_NAMING_NODES = frozenset({"FunctionNode", "TypeNode"})
# What data nodes are built of; skops makes these itself and calls nothing else for them.
_DATA_TYPES = frozenset(
    {
        "builtins.bytearray", "builtins.bytes", "builtins.dict", "builtins.list", "builtins.set",
        "builtins.slice", "builtins.str", "builtins.tuple", "collections.OrderedDict",
        "collections.defaultdict", "numpy.dtype", "numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray",
        "numpy.ndarray", "numpy.random._generator.Generator", "numpy.random.mtrand.RandomState",
    }
)  # fmt: skip


def read_skops_contents(path: Path) -> Contents:
    """Every name in the schema; refuses nodes that do more than hold data or make admitted classes."""
    entries(path)
    try:
        schema = json.loads(read_entry(path, "schema.json"))
    except (ValueError, RecursionError, KeyError) as error:
        raise SourceError(f"{path.name} is damaged: its schema is no JSON ({error})") from error
    names: dict[tuple[str, str], None] = {}
    for node in _nodes(schema):
        name = _checked(node)
        if name is not None:
            names[name] = None
    return Contents(tuple(names), _sklearn_version(schema))


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    waiting = [schema]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, dict):
            if "__loader__" in value or "__class__" in value or "__module__" in value:
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _checked(node: dict[str, Any]) -> tuple[str, str] | None:
    """The name that is left to be judged with all others; None for plain data."""
    loader, module, name = (str(node.get(key)) for key in ("__loader__", "__module__", "__class__"))
    content = node.get("content")
    if loader == "FunctionNode" and isinstance(content, dict):
        raise UnsafeModelError(
            "The file names a function in the way of the first skops files, which is not read"
        )
    if loader in _DATA_NODES:
        data = f"{module}.{name}" in _DATA_TYPES or admit(module, name).verdict == "named"
        known = data or module.startswith("scipy.sparse") or name == "NoneType"
        return None if known else (module, name)
    if loader in _CLASS_NODES or loader in _NAMING_NODES:
        return module, name
    raise unsafe([f"{module}.{name}"])


def _sklearn_version(schema: Any) -> str | None:
    waiting = [schema]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, dict):
            held = value.get("_sklearn_version")
            if isinstance(held, dict) and isinstance(held.get("content"), str):
                return held["content"].strip('"')
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return None


def load_skops(path: Path, contents: Contents) -> Any:
    """skops checks once more what it makes; it trusts what the allow-list admitted, and nothing else."""
    import skops.io

    try:
        return skops.io.load(path, trusted=list(contents.full_names))
    except skops.io.exceptions.UntrustedTypesFoundException as error:
        raise unsafe(sorted(error.unsafe) if hasattr(error, "unsafe") else [str(error)]) from error
    except (TypeError, KeyError, ValueError, AttributeError, ImportError) as error:
        words = " ".join(str(error).split())[:200]
        raise SourceError(f"{path.name} is damaged, or of another skops version: {words}") from error
