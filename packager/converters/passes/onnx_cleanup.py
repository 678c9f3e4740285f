"""ONNX clean-up: constants folded, dead and doubled nodes gone, nodes merged; the answers stay."""

from collections import Counter
from typing import Any

from packager.converters.failure import ConversionError, WorkerError, translated
from packager.converters.onnx.graph import declare, subgraphs
from packager.converters.passes.onnx_file import read_model, refuse_untyped, write_model
from packager.converters.passes.onnx_rows import answers_of, read_rows, refuse_other_answers
from packager.converters.passes.step import Applied, Step

_PROVED_ON = 64
_FOLDED_BYTES = 1 << 20
"""A constant larger than this is computed at each start, as before, rather than stored."""
_WORTH = 0.95
"""Of the bytes: a graph that keeps its nodes and more than these was clean."""


def apply(step: Step) -> Applied:
    before = read_model(step)
    nodes_before = _nodes(before)
    model = tidied(step, read_model(step))
    write_model(model, step)
    nodes, size = _nodes(model), step.dest.stat().st_size
    size_before = step.model.stat().st_size
    is_smaller = len(nodes) < len(nodes_before) or size < _WORTH * size_before
    if not is_smaller or size > size_before:
        step.dest.unlink()
        raise ConversionError(
            f"There is nothing to clean: {len(nodes_before)} nodes and {size_before:,} bytes "
            f"would be {len(nodes)} and {size:,}"
        )
    gone = Counter(nodes_before) - Counter(nodes)
    words = ", ".join(f"{count} {name}" for name, count in gone.most_common(4))
    return Applied(
        f"{len(nodes_before)} to {len(nodes)} nodes{f' ({words} less)' if words else ''}, "
        f"{size_before:,} to {size:,} bytes"
    )


def tidied(step: Step, model: Any) -> Any:
    """The same graph with fewer nodes, proved on rows; ConversionError where its answers would be others."""
    made = _slim(model)
    _keep_words(made, step)
    path = step.calibration or step.reference
    if path is None:
        raise ConversionError("There are no rows to prove a cleaned graph on")
    rows = read_rows(path, step.signature).first(_PROVED_ON)
    before, after = answers_of(read_model(step), rows), answers_of(made, rows)
    refuse_other_answers(before, after, "The cleaned graph")
    return made


def tidied_or_as_it_is(step: Step) -> Any:
    """What quantizers start from: exporters leave shapes and constants in which they stumble."""
    try:
        return tidied(step, read_model(step))
    except WorkerError:
        return read_model(step)


def _slim(model: Any) -> Any:
    import onnxslim

    refuse_untyped(model)
    for graph in subgraphs(model.graph):
        del graph.value_info[:]
    with translated(ConversionError, "The graph cannot be cleaned"):
        made = onnxslim.slim(model, size_threshold=_FOLDED_BYTES)
    if made is None:
        raise ConversionError("The graph cannot be cleaned")
    for graph in subgraphs(made.graph):
        del graph.value_info[:]
    return made


def _keep_words(made: Any, step: Step) -> None:
    """Inputs and outputs have to be those of the signature, in their order."""
    for values, specs, word in (
        (made.graph.input, step.signature.inputs, "inputs"),
        (made.graph.output, step.signature.outputs, "outputs"),
    ):
        names, wanted = [value.name for value in values], [spec.name for spec in specs]
        if names != wanted:
            raise ConversionError(
                f"The cleaned graph has the {word} {', '.join(names)} instead of {', '.join(wanted)}"
            )
    declare(made, step.signature)


def _nodes(model: Any) -> list[str]:
    return [node.op_type for graph in subgraphs(model.graph) for node in graph.node]
