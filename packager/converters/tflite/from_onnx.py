"""Networks in ONNX as TFLite, by onnx2tf."""

from pathlib import Path

from packager.converters.failure import ConversionError
from packager.converters.signature import Signature


def write_network(source: Path, signature: Signature, dest: Path) -> tuple[Signature, str, list[str]]:
    raise ConversionError(f"{source.name} -> {dest.name} {signature}")
