"""What an ONNX file asks of an engine, read from its fields: no weights are read, no onnx package."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

from packager.converters import protobuf
from packager.model import ModelFile

ML = "ai.onnx.ml"
_FLOATS = frozenset({"float32", "float64"})
# The numbers of fields in ONNX' schema: of a model, its graph, a node, an attribute, an opset.
_IR_VERSION, _GRAPH, _OPSETS, _FUNCTIONS = 1, 7, 8, 25
_NODE = 1
_OP_TYPE, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_NAME, _NUMBER, _SUBGRAPH, _SUBGRAPHS = 1, 3, 6, 11
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_USUAL = {b"ceil_mode": 0, b"group": 1}
"""Attributes that are noted where they are more."""
_IN_GROUPS = " with group"


@dataclass(frozen=True, slots=True)
class OnnxNeeds:
    """The versions that a graph is written in, its operators (``domain.Name`` outside ONNX' own domain), and
    whether all that a request puts into it are floating point numbers.

    A pooling that rounds sizes up is named so ("MaxPool with ceil_mode"): releases differ in it. ``grouped``:
    whether there are convolutions of channels in groups.
    """

    opset: int
    ml_opset: int
    ir_version: int
    operators: frozenset[str]
    floats: bool
    grouped: bool = False


def needs_of(model: ModelFile) -> OnnxNeeds:
    """What the file of an ONNX model asks for."""
    floats = all(spec.dtype in _FLOATS for spec in model.signature.inputs)
    with model.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        data = memoryview(whole)
        try:
            return _needs(data, floats)
        finally:
            data.release()


def _needs(data: memoryview, floats: bool) -> OnnxNeeds:
    opsets = {"": 0, ML: 0}
    ir_version = 0
    operators: set[str] = set()
    for number, value, _ in protobuf.parts(data):
        if number == _IR_VERSION and isinstance(value, int):
            ir_version = value
        elif isinstance(value, int):
            continue
        elif number == _OPSETS:
            domain, version = _opset(value)
            opsets[domain] = max(version, opsets.get(domain, 0))
        elif number == _GRAPH:
            operators.update(_operators(value))
        elif number == _FUNCTIONS:
            operators.add("a function of the model's own")
    grouped = f"Conv{_IN_GROUPS}" in operators
    plain = frozenset(name.removesuffix(_IN_GROUPS) for name in operators)
    return OnnxNeeds(opsets[""], opsets[ML], ir_version, plain, floats, grouped)


def _opset(data: memoryview) -> tuple[str, int]:
    domain, version = "", 0
    for number, value, _ in protobuf.parts(data):
        if number == _OPSET_DOMAIN and not isinstance(value, int):
            domain = _text(value)
        elif number == _OPSET_VERSION and isinstance(value, int):
            version = value
    return ("" if domain == "ai.onnx" else domain), version


def _operators(graph: memoryview) -> Iterator[str]:
    """Those of the graph's nodes and of the graphs in their attributes."""
    for number, node, _ in protobuf.parts(graph):
        if number != _NODE or isinstance(node, int):
            continue
        name = domain = noted = ""
        for part, value, _ in protobuf.parts(node):
            if isinstance(value, int):
                continue
            if part == _OP_TYPE:
                name = _text(value)
            elif part == _DOMAIN:
                domain = _text(value)
            elif part == _ATTRIBUTE:
                noted = noted or _noted(value)
                yield from _inner(value)
        yield (f"{domain}.{name}" if domain not in ("", "ai.onnx") else name) + noted


def _inner(attribute: memoryview) -> Iterator[str]:
    for number, value, _ in protobuf.parts(attribute):
        if number in (_SUBGRAPH, _SUBGRAPHS) and not isinstance(value, int):
            yield from _operators(value)


def _noted(attribute: memoryview) -> str:
    held = {number: value for number, value, _ in protobuf.parts(attribute)}
    name, given = held.get(_NAME, 0), held.get(_NUMBER, 0)
    if isinstance(name, int) or not isinstance(given, int):
        return ""
    is_more = given > _USUAL.get(bytes(name), given)
    return f" with {_text(name)}" if is_more else ""


def _text(data: memoryview) -> str:
    return bytes(data).decode()
