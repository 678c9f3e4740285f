"""What both int8 passes over ONNX do at their end: the model is checked, run, and must be smaller."""

from collections.abc import Collection
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.onnx.graph import check_versions, declare, subgraphs
from packager.converters.passes.onnx_file import read_model, write_smaller
from packager.converters.passes.onnx_layers import Prepared
from packager.converters.passes.onnx_rows import answers_of, read_rows
from packager.converters.passes.step import Step

OTHERS = frozenset({"ConvTranspose", "GRU", "RNN", "LSTM"})
"""Operators with weights that no, or not each, int8 pass is for: what stays float32 is said."""
_TRIED_ON = 4
_OWN = "com.microsoft"


def finish(step: Step, model: Any) -> str:
    """Writes the model; says its sizes."""
    for graph in subgraphs(model.graph):
        del graph.value_info[:]
        del graph.quantization_annotation[:]
    model.producer_name = model.producer_version = ""
    _import_operators(model)
    declare(model, step.signature)
    model.ir_version = min(model.ir_version, step.max_ir_version)
    check_versions(model, step)
    _run(step, model)
    before, after = write_smaller(model, step)
    return f"{before:,} to {after:,} bytes"


def _import_operators(model: Any) -> None:
    """The quantizer forgets the engine's own operators that it put in graphs within nodes alone."""
    used = {node.domain for graph in subgraphs(model.graph) for node in graph.node}
    if _OWN in used and _OWN not in {entry.domain for entry in model.opset_import}:
        model.opset_import.add(domain=_OWN, version=1)


def _run(step: Step, model: Any) -> None:
    """That it answers at all, and with numbers where there were numbers."""
    path = step.calibration or step.reference
    if path is None:
        return
    rows = read_rows(path, step.signature).first(_TRIED_ON)
    for was, now in zip(answers_of(read_model(step), rows), answers_of(model, rows), strict=True):
        for spec, one, other in zip(step.signature.outputs, was, now, strict=True):
            if one.shape != other.shape or one.dtype != other.dtype:
                raise ConversionError(f"The quantized graph answers {spec.name} in another shape or type")
            if one.dtype.kind == "f" and not np.isfinite(other[np.isfinite(one)]).all():
                raise ConversionError(
                    f"The quantized graph answers {spec.name} with values that are no numbers"
                )


def unchanged(graph: Prepared, operators: Collection[str]) -> set[str]:
    """Which of the operators the graph has in no layer that int8 is for."""
    taken = {layer.name for layer in graph.layers}
    return {
        node.op_type
        for inner in subgraphs(graph.model.graph)
        for node in inner.node
        if node.op_type in operators and node.name not in taken
    }
