"""Which nodes between int8 layers go along with them, so that values stay in 8 bits from one to the next."""

from collections.abc import Collection, Mapping
from typing import Any

from packager.converters.onnx.graph import reads_of

# Their results lie between the same values as what they take.
_CARRIERS = frozenset({"MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze"})
# A range that begins at 0 does what they do.
_ABSORBED = frozenset({"Relu", "Clip"})
# The engine computes them in 8 bits, with a range of their own.
_COMPUTED = frozenset({"Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "LeakyRelu", "Sigmoid"})
COMPANIONS = _CARRIERS | _ABSORBED | _COMPUTED
_NEEDS_RESULT = frozenset({"Conv"})
"""The engine multiplies these in 8 bits only where the result is in 8 bits, too."""


def companions(model: Any, layers: Collection[str], barred: Collection[str]) -> frozenset[str]:
    """Names of nodes. ``layers``: names of those in int8; ``barred``: tensors that no range covers.

    A node that computes goes along where all that it takes comes from such nodes and all that takes its
    result is one; a carrier where one of its readers is; a Relu behind a layer that needs it.
    """
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    writers = {name: node for node in graph.node for name in node.output if name}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in reads_of(node):
            readers.setdefault(name, []).append(node)
    shown = {value.name for value in graph.output}
    inside = {node.name for node in graph.node if node.name in layers}
    inside |= {
        node.name
        for node in graph.node
        if node.op_type in COMPANIONS and not set(barred) & {*node.input, *node.output}
    }
    while True:
        gone = {
            node.name
            for node in graph.node
            if node.name in inside
            and node.name not in layers
            and not _belongs(node, inside, layers, (weights, writers, readers, shown))
        }
        if not gone:
            return frozenset(inside - set(layers))
        inside -= gone


def _belongs(
    node: Any,
    inside: Collection[str],
    layers: Collection[str],
    around: tuple[Collection[str], Mapping[str, Any], Mapping[str, list[Any]], Collection[str]],
) -> bool:
    weights, writers, readers, shown = around
    given = node.input if node.op_type in _COMPUTED else node.input[:1]
    for name in given:
        if name in weights:
            continue
        if name not in writers or writers[name].name not in inside:
            return False
    if all(name in weights for name in given):
        return False
    taking = [reader.name in inside for reader in readers.get(node.output[0], [])]
    if node.op_type in _ABSORBED:
        writer = writers[node.input[0]]
        needs = writer.name in layers and writer.op_type in _NEEDS_RESULT
        return len(readers[node.input[0]]) == 1 and node.input[0] not in shown and (needs or any(taking))
    if node.output[0] in shown:
        return False
    return any(taking) if node.op_type in _CARRIERS else bool(taking) and all(taking)


def kept_float(model: Any, layers: Collection[str], inside: Collection[str]) -> frozenset[str]:
    """Results of products that nothing in 8 bits reads: they stay as exact as they are computed."""
    readers: dict[str, list[str]] = {}
    for node in model.graph.node:
        for name in reads_of(node):
            readers.setdefault(name, []).append(node.name)
    taking = {*layers, *inside}
    return frozenset(
        node.output[0]
        for node in model.graph.node
        if node.name in layers
        and node.op_type not in _NEEDS_RESULT
        and taking.isdisjoint(readers.get(node.output[0], []))
    )
