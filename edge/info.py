"""``python -m edge info``: what a bundle is, read from its manifest alone, on any machine."""

from __future__ import annotations

from edge import exits
from edge.bundle import Bundle
from edge.model import describe, own_bundle
from edge.output import Output
from runtimes.core.documents import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any


def main(options: Namespace, output: Output) -> int:
    """Say it."""
    found = describe(Bundle(options.bundle or own_bundle()))
    output.write((write(found) if options.json else _text(found)) + "\n")
    return exits.DONE


def _text(found: dict[str, Any]) -> str:
    device, engine, sizes, signature = (found[key] for key in ("device", "engine", "sizes", "signature"))
    libc = f"{device.get('libc')} {device.get('libc_version')}"
    lines = [
        f"{found['name']} {found['version']}, {found['model']['format']} from {found['source']['framework']}",
        f"folder   {found['path']}",
        f"device   {device.get('name')}: {device.get('arch')}, {libc}, "
        f"Python {device.get('python')}, {device.get('memory_mb')} MB for the model",
        f"engine   {engine['kind']} {engine['version']}",
        f"size     {_mb(sizes['bundle_bytes'])}: model {_mb(sizes['model_bytes'])}, "
        f"engine {_mb(sizes['engine_bytes'])}",
    ]
    lines += [f"takes    {_tensor(spec)}" for spec in signature["inputs"]]
    lines += [f"column   {_column(feature)}" for feature in signature["features"]]
    lines += [f"answers  {_tensor(spec)}, {spec['role']}" for spec in signature["outputs"]]
    if signature["class_labels"]:
        lines.append(f"classes  {', '.join(map(str, signature['class_labels']))}")
    return "\n".join(lines)


def _tensor(spec: dict[str, Any]) -> str:
    return f"{spec['name']}: {spec['dtype']} [{', '.join(map(str, spec['shape']))}]"


def _column(feature: dict[str, Any]) -> str:
    return f"{feature['name']}: {feature['kind']}{', may be missing' if feature['nullable'] else ''}"


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.2f} MB"
