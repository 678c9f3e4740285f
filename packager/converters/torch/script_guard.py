"""Reads a script module's code before torch does: TorchScript can write and read files by a few operators."""

import re
from pathlib import Path

from packager.converters.archive import entries, read_entry
from packager.converters.failure import UnsafeModelError

_NAMESPACES = frozenset(
    {"aten", "prim", "prims", "quantized", "quantized_decomposed", "torchvision", "_caffe2"}
)
_TOUCHES_FILES = frozenset({"save", "load", "from_file", "_from_file"})
_CALL = re.compile(r"\b(ops|torch)\s*\.\s*(\w+)(?:\s*\.\s*(\w+))?")


def check_script(path: Path) -> None:
    names = entries(path)
    code = [name for name in names if "/code/" in name and name.endswith(".py")]
    offenders = sorted(
        {call for name in code for call in _offenders(read_entry(path, name).decode("utf-8", "replace"))}
    )
    if offenders:
        raise UnsafeModelError(
            f"The script module calls {', '.join(offenders)}, which can touch more than tensors: "
            "nothing of it was run",
            hint="script or trace the model without it",
            details=tuple(offenders),
        )


def _offenders(code: str) -> list[str]:
    found = []
    for root, first, second in _CALL.findall(code):
        if root == "ops":
            bad = first not in _NAMESPACES or second in _TOUCHES_FILES
        else:
            bad = first in _TOUCHES_FILES or (first == "classes" and second != "quantized")
        if bad:
            found.append(".".join(part for part in (root, first, second) if part))
    return found
