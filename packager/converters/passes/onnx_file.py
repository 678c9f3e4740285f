"""An ONNX model as a pass reads and writes it."""

import zlib
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, SourceError, translated
from packager.converters.onnx import writing
from packager.converters.onnx.graph import one_opset_each, strip, subgraphs, without_weights
from packager.converters.passes.step import Step

_WEIGHTS_ALONE = 4
"""The first IR version whose weights need not be inputs."""
_LEVEL = 9
_PIECE = 1 << 20
_LARGE = 512
"""Of so many elements on a constant of a node counts as a weight, and a weight is worth a pass."""


def read_model(step: Step) -> Any:
    """The model of the step; weights that stand in nodes (`Constant`) are initializers in it."""
    import onnx

    with translated(SourceError, f"{step.model.name} cannot be read as one ONNX file (which holds 2 GB)"):
        model = onnx.load(step.model, load_external_data=False)
    for graph in subgraphs(model.graph):
        if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.initializer):
            raise ConversionError(
                f"{step.model.name} keeps weights in another file", hint="convert the model again"
            )
        _lift_constants(graph)
    _fix_weights(model, {spec.name for spec in step.signature.inputs})
    return model


def refuse_untyped(model: Any) -> None:
    """onnx' own inference of shapes ends the process at a LabelEncoder of values whose type it does not know:
    those of operators outside its domains, as Tokenizer, which text models begin with."""
    for graph in subgraphs(model.graph):
        foreign = {
            name: node.op_type
            for node in graph.node
            if node.domain not in ("", "ai.onnx", "ai.onnx.ml")
            for name in node.output
        }
        for node in graph.node:
            if node.op_type == "LabelEncoder" and node.input[0] in foreign:
                raise ConversionError(
                    f"The graph numbers words behind {foreign[node.input[0]]}, which onnx cannot follow: "
                    "it is left as it is"
                )


def is_large(tensor: Any) -> bool:
    """Whether a tensor is worth being changed: with less, the words about it weigh more than it does."""
    import onnx

    count = 1
    for size in tensor.dims:
        count *= size
    is_float = tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)
    return is_float and len(tensor.dims) > 1 and count >= _LARGE


def write_model(model: Any, step: Step) -> None:
    """Checked, without a stamp or a path in it: the same model gives the same bytes."""
    import onnx

    strip(model)
    one_opset_each(model)
    onnx.checker.check_model(without_weights(model))
    writing.write(model, step.dest)


def write_smaller(model: Any, step: Step) -> tuple[int, int]:
    """Sizes before and after; what became no smaller is refused."""
    write_model(model, step)
    before, after = step.model.stat().st_size, step.dest.stat().st_size
    if after >= before:
        step.dest.unlink()
        raise ConversionError(
            f"The model would have {after:,} bytes instead of {before:,}: nothing is gained"
        )
    return before, after


def _fix_weights(model: Any, inputs: set[str]) -> None:
    """Weights that old files list as inputs, too, are weights alone: none else are computed ahead."""
    weights = {tensor.name for tensor in model.graph.initializer} - inputs
    for value in [value for value in model.graph.input if value.name in weights]:
        model.graph.input.remove(value)
    model.ir_version = max(model.ir_version, _WEIGHTS_ALONE)


def _lift_constants(graph: Any) -> None:
    """Nodes that are nothing but a large weight become initializers of the same name."""
    for node in list(graph.node):
        tensor = _constant(node)
        if tensor is not None:
            weight = graph.initializer.add()
            weight.CopyFrom(tensor)
            weight.name = node.output[0]
            graph.node.remove(node)


def _constant(node: Any) -> Any:
    if node.op_type != "Constant" or node.domain not in ("", "ai.onnx"):
        return None
    tensor = next((attribute.t for attribute in node.attribute if attribute.name == "value"), None)
    return tensor if tensor is not None and is_large(tensor) else None


def compressed_bytes(path: Path) -> int:
    """The size of a file as an archive packs it: what pruned weights and cut trees lose, they lose there."""
    packer, size = zlib.compressobj(_LEVEL, wbits=-15), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            size += len(packer.compress(piece))
    return size + len(packer.flush())
