"""Runs on a device, in a bundle's folder: answers the tensors of a file, and says what it loaded for that."""

from __future__ import annotations

import json
import platform
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from edge import Model

_FORMATS = {"float32": "f", "float64": "d", "int32": "i", "int64": "q", "uint8": "B", "int8": "b"}


def main(path: str) -> None:
    """Print the answers and all else as one JSON document."""
    questions = json.loads(Path(path).read_text())
    with Model.open() as model:
        answers = [model.run({name: _read(given) for name, given in asked.items()}) for asked in questions]
        said = {
            "outputs": [{name: _written(view) for name, view in answer.items()} for answer in answers],
            "machine": platform.machine(),
            "engine": model.info["engine"]["kind"],
            "libraries": _libraries(),
            "modules": [module.__file__ for module in sys.modules.values() if hasattr(module, "__file__")],
        }
    print(json.dumps(said))


def _read(tensor: dict[str, Any]) -> memoryview:
    data = memoryview(b64decode(tensor["b64"]))
    return data.cast(_FORMATS[tensor["dtype"]], tensor["shape"])  # type: ignore[call-overload]


def _written(view: memoryview | list[Any]) -> dict[str, Any]:
    if isinstance(view, list):
        return {"texts": view}
    return {"format": view.format, "shape": view.shape, "b64": b64encode(view.tobytes()).decode()}


def _libraries() -> list[str]:
    """What is mapped into this process as a shared library."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sorted({line.split(None, 5)[5] for line in lines if ".so" in line})


main(sys.argv[1])
