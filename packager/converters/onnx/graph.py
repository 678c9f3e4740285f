"""An ONNX graph made portable: no paths, no unused words, versions that the runtime reads."""

from pathlib import Path
from typing import Any, Protocol

from packager.converters.failure import ConversionError
from packager.converters.onnx import writing
from packager.converters.request import Request
from packager.converters.signature import Signature

_SMALL_WEIGHT = 4096
_NEWER = "choose a newer --runtime, or export with an older opset"


def subgraphs(graph: Any) -> list[Any]:
    """The graph and all graphs within its nodes."""
    import onnx

    found = [graph]
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                found.extend(subgraphs(attribute.g))
            elif attribute.type == onnx.AttributeProto.GRAPHS:
                found.extend(inner for one in attribute.graphs for inner in subgraphs(one))
    return found


def strip(model: Any) -> None:
    """Removes stack traces with file paths, notes and stamps: the same model gives the same bytes."""
    del model.metadata_props[:]
    model.doc_string = ""
    for holder in [*subgraphs(model.graph), *model.functions]:
        del holder.metadata_props[:]
        holder.doc_string = ""
        for node in holder.node:
            del node.metadata_props[:]
            node.doc_string = ""
        for value in [*holder.value_info, *getattr(holder, "input", ()), *getattr(holder, "output", ())]:
            if not isinstance(value, str):
                del value.metadata_props[:]
                value.doc_string = ""
        for tensor in getattr(holder, "initializer", ()):
            del tensor.metadata_props[:]
            tensor.doc_string = ""


def one_opset_each(model: Any) -> None:
    """Exporters list a domain twice at times, or one without nodes; readers differ about which counts."""
    used = {_domain(node) for graph in subgraphs(model.graph) for node in graph.node} | {""}
    if model.functions:
        used |= {_domain(entry) for entry in model.opset_import}
    versions: dict[str, int] = {}
    for entry in model.opset_import:
        domain = _domain(entry)
        if domain in used:
            versions[domain] = max(versions.get(domain, 0), entry.version)
    del model.opset_import[:]
    for domain, version in sorted(versions.items()):
        model.opset_import.add(domain=domain, version=version)


def _domain(entry: Any) -> str:
    return "" if entry.domain == "ai.onnx" else str(entry.domain)


def opset_of(model: Any, domain: str = "") -> int:
    return max((entry.version for entry in model.opset_import if _domain(entry) == domain), default=0)


class Limits(Protocol):
    """What the engines of the target read."""

    @property
    def max_opset(self) -> int: ...

    @property
    def max_ml_opset(self) -> int: ...


def check_versions(model: Any, request: Limits) -> None:
    limits = (("", request.max_opset, "opset"), ("ai.onnx.ml", request.max_ml_opset, "opset of ai.onnx.ml"))
    for domain, limit, word in limits:
        version = opset_of(model, domain)
        if version > limit:
            raise ConversionError(
                f"The model has {word} {version}, and the runtime of the target reads up to {limit}",
                hint=_NEWER,
            )


def without_weights(model: Any) -> Any:
    """What the checker looks at: it would copy a large model twice, and looks at no number in it."""
    import onnx

    light = onnx.ModelProto()
    for name in ("opset_import", "functions"):
        getattr(light, name).extend(getattr(model, name))
    light.ir_version = model.ir_version
    for name in ("node", "input", "output", "value_info", "sparse_initializer", "quantization_annotation"):
        getattr(light.graph, name).extend(getattr(model.graph, name))
    light.graph.name = model.graph.name
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) <= _SMALL_WEIGHT:
            light.graph.initializer.append(tensor)
        else:
            light.graph.initializer.add(
                name=tensor.name, dims=tensor.dims, data_type=tensor.data_type, raw_data=b"\0"
            )
    return light


def write_model(model: Any, signature: Signature, request: Request, dest: Path) -> int:
    """Strips, checks and writes; returns the opset."""
    import onnx

    strip(model)
    one_opset_each(model)
    declare(model, signature)
    model.ir_version = min(model.ir_version, request.max_ir_version)
    check_versions(model, request)
    onnx.checker.check_model(without_weights(model))
    writing.write(model, dest)
    return opset_of(model)


def declare(model: Any, signature: Signature) -> None:
    """Writes the signature's dimensions into the graph, so that both say the same."""
    shapes = {spec.name: spec.shape for spec in (*signature.inputs, *signature.outputs)}
    for value in [*model.graph.input, *model.graph.output]:
        if value.name not in shapes:
            continue
        shape = value.type.tensor_type.shape
        del shape.dim[:]
        for dim in shapes[value.name]:
            entry = shape.dim.add()
            if isinstance(dim, str):
                entry.dim_param = dim
            else:
                entry.dim_value = dim


def rename(graph: Any, names: dict[str, str]) -> None:
    """Renames values of the top graph and their uses in the graphs within it."""
    for inner in subgraphs(graph):
        for node in inner.node:
            for places in (node.input, node.output):
                for at, name in enumerate(places):
                    places[at] = names.get(name, name)
        for value in [*inner.input, *inner.output, *inner.value_info, *inner.initializer]:
            value.name = names.get(value.name, value.name)


def unused_name(model: Any, stem: str) -> str:
    """The stem, with a number where the model has that name already."""
    taken = {
        name
        for graph in subgraphs(model.graph)
        for name in (
            *(value.name for value in [*graph.input, *graph.initializer]),
            *(name for node in graph.node for name in node.output),
        )
    }
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name


def keep_outputs(graph: Any, names: list[str]) -> None:
    """Drops the other outputs, and the nodes and weights that only they needed."""
    kept = [value for name in names for value in graph.output if value.name == name]
    del graph.output[:]
    graph.output.extend(kept)
    needed = set(names)
    nodes = []
    for node in reversed(graph.node):
        if needed.isdisjoint(node.output):
            continue
        nodes.append(node)
        needed.update(reads_of(node))
    nodes.reverse()
    weights = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(weights)


def reads_of(node: Any) -> set[str]:
    """What a node takes, with what the graphs within it take from outside."""
    reads = set(node.input)
    for attribute in node.attribute:
        for inner in [attribute.g, *attribute.graphs]:
            for graph in subgraphs(inner):
                reads.update(name for deeper in graph.node for name in deeper.input)
                reads.update(value.name for value in graph.output)
    return reads


def sort_nodes(graph: Any) -> None:
    """Each node behind those whose results it, or a graph within it, takes; else in the order as it was."""
    writers = {name: at for at, node in enumerate(graph.node) for name in node.output if name}
    order: list[int] = []
    placed: set[int] = set()
    for first in range(len(graph.node)):
        waiting = [first]
        while waiting:
            at = waiting[-1]
            open_ones = {
                writers[name]
                for name in reads_of(graph.node[at])
                if name in writers and writers[name] not in placed
            } - {at}
            if at in placed or not open_ones:
                waiting.pop()
                if at not in placed:
                    placed.add(at)
                    order.append(at)
            else:
                waiting.extend(sorted(open_ones, reverse=True))
    nodes = [graph.node[at] for at in order]
    copied = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copied)
