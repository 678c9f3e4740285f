"""Reads a SavedModel's graphs before TensorFlow loads them: a SavedModel is a program, and may open files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packager.converters.failure import SourceError, UnsafeModelError
from packager.converters.tensorflow.operators import COMPUTING, SAVING

GRAPH = "saved_model.pb"
_PLAIN_FILES = frozenset({GRAPH, "fingerprint.pb", "keras_metadata.pb"})
_FOLDERS = frozenset({"variables", "assets", "assets.extra"})
_LARGEST_GRAPH = 2 << 30
_HINT = "export it again without that operation, or convert it to ONNX where it was made"
_INITIALIZERS = ("saved_model_main_op", "legacy_init_op")


def read_saved_model(folder: Path) -> tuple[Any, tuple[str, ...]]:
    """The one graph of the folder and its operators; raises when one of them does more than compute."""
    _check_files(folder)
    if (folder / GRAPH).stat().st_size > _LARGEST_GRAPH:
        raise SourceError(f"{folder.name}/{GRAPH} is larger than {_LARGEST_GRAPH:,} bytes: it is not opened")
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    document = saved_model_pb2.SavedModel()
    try:
        document.ParseFromString((folder / GRAPH).read_bytes())
    except DecodeError as error:
        raise SourceError(f"{folder.name}/{GRAPH} is damaged") from error
    graphs = [graph for graph in document.meta_graphs if "serve" in graph.meta_info_def.tags]
    if len(document.meta_graphs) != 1 or not graphs:
        tags = ", ".join("/".join(graph.meta_info_def.tags) for graph in document.meta_graphs) or "none"
        raise SourceError(f"{folder.name} has the graphs {tags}; one graph with the tag serve is read")
    return graphs[0], _check_operators(graphs[0], folder.name)


def _check_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_symlink():
            raise UnsafeModelError(f"{folder.name} has the link {'/'.join(parts)}: links are not followed")
        if path.is_file() and parts[0] not in _PLAIN_FILES | _FOLDERS:
            raise SourceError(f"{folder.name} holds {'/'.join(parts)}, which is no part of a SavedModel")


def _check_operators(graph: Any, name: str) -> tuple[str, ...]:
    functions = {one.signature.name: list(one.node_def) for one in graph.graph_def.library.function}
    nodes = list(graph.graph_def.node)
    every = {node.op for held in (nodes, *functions.values()) for node in held}
    _refuse(every - COMPUTING - SAVING - set(functions), name)
    answering = _reached(graph, nodes, functions)
    _refuse({node.op for node in answering} - COMPUTING - set(functions), name)
    return tuple(sorted(every - set(functions)))


def _refuse(odd: set[str], name: str) -> None:
    if odd:
        raise UnsafeModelError(
            f"{name} uses {', '.join(sorted(odd)[:5])}, which does more than compute: it was not loaded",
            hint=_HINT,
        )


def _reached(graph: Any, nodes: list[Any], functions: dict[str, list[Any]]) -> Iterator[Any]:
    """Every node but those that only saving and restoring needs: what answers, and what runs at loading."""
    saving = {graph.saver_def.save_tensor_name, graph.saver_def.restore_op_name}
    saving = {one.partition(":")[0] for one in saving if one}
    top = _above(nodes, _wanted(graph)) if _wanted(graph) else [n for n in nodes if n.name not in saving]
    own = set(graph.object_graph_def.concrete_functions)
    waiting, seen = [*top, *(node for one in own for node in functions.get(one, ()))], set(own)
    while waiting:
        node = waiting.pop()
        yield node
        for called in _called(node, functions):
            if called not in seen:
                seen.add(called)
                waiting += functions[called]


def _wanted(graph: Any) -> set[str]:
    """The nodes that give the answers of every signature, and those that TensorFlow runs at loading."""
    tensors = {info.name for one in graph.signature_def.values() for info in one.outputs.values()}
    for key in _INITIALIZERS:
        if key in graph.collection_def:
            tensors.update(graph.collection_def[key].node_list.value)
    return {name.partition(":")[0] for name in tensors if name}


def _above(nodes: list[Any], wanted: set[str]) -> Iterable[Any]:
    by_name = {node.name: node for node in nodes}
    waiting, seen = list(wanted), set(wanted)
    while waiting:
        node = by_name.get(waiting.pop())
        if node is None:
            continue
        yield node
        for given in node.input:
            name = given.removeprefix("^").partition(":")[0]
            if name not in seen:
                seen.add(name)
                waiting.append(name)


def _called(node: Any, functions: dict[str, list[Any]]) -> Iterator[str]:
    """The functions that a node names, as its operator or in its attributes."""
    if node.op in functions:
        yield node.op
    for value in node.attr.values():
        named = [value.func.name, *(one.name for one in value.list.func)]
        yield from (name for name in named if name in functions)
