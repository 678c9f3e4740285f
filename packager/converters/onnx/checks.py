"""What a graph must be to be taken as it is: whole, of known operators, of versions that are read."""

from typing import Any

from packager.converters.failure import ConversionError, SourceError
from packager.converters.onnx.external import expected_bytes
from packager.converters.onnx.graph import check_versions, one_opset_each, subgraphs, without_weights
from packager.converters.request import Request

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})


def check_model(model: Any, request: Request) -> None:
    import onnx

    one_opset_each(model)
    _forget_untyped_values(model)
    if request.action == "convert":  # a model that is only looked at has no target to be too new for
        _check_fits(model, request)
    _refuse_cut_weights(model)
    try:
        onnx.checker.check_model(without_weights(model))
    except onnx.checker.ValidationError as error:
        words = " ".join(str(error).split())[:300]
        raise SourceError(f"{request.source.name} is no valid ONNX model: {words}") from error


def _refuse_cut_weights(model: Any) -> None:
    for tensor in model.graph.initializer:
        held = len(tensor.raw_data) if tensor.HasField("raw_data") else None
        if held is not None and held != expected_bytes(tensor):
            raise SourceError(
                f"The weight {tensor.name} needs {expected_bytes(tensor):,} bytes, and the file has {held:,}",
                hint="copy the model again: the file is damaged",
            )


def _check_fits(model: Any, request: Request) -> None:
    if model.ir_version > request.max_ir_version and not _can_lower(model):
        raise ConversionError(
            f"The model has IR version {model.ir_version}, and the runtime of the target reads up to "
            f"{request.max_ir_version}",
            hint="choose a newer --runtime, or export it with an older onnx",
        )
    check_versions(model, request)


def _forget_untyped_values(model: Any) -> None:
    """Notes about inner values without a type, which old exporters left; nothing depends on them."""
    for graph in subgraphs(model.graph):
        typed = [value for value in graph.value_info if value.type.WhichOneof("value")]
        del graph.value_info[:]
        graph.value_info.extend(typed)


def _can_lower(model: Any) -> bool:
    """Later versions added types and fields; a graph without them means the same in an older version."""
    import onnx

    newer = {
        getattr(onnx.TensorProto, name)
        for name in ("FLOAT8E4M3FN", "FLOAT8E5M2", "UINT4", "INT4", "FLOAT4E2M1", "UINT2", "INT2")
        if hasattr(onnx.TensorProto, name)
    }
    used = {tensor.data_type for graph in subgraphs(model.graph) for tensor in graph.initializer}
    return newer.isdisjoint(used)


def refuse_foreign_operators(model: Any) -> None:
    own = {(function.domain, function.name) for function in model.functions}
    odd = sorted(
        {
            f"{node.domain}.{node.op_type}"
            for graph in subgraphs(model.graph)
            for node in graph.node
            if node.domain not in _DOMAINS and (node.domain, node.op_type) not in own
        }
    )
    if odd:
        raise ConversionError(
            f"The model uses {', '.join(odd[:5])}, which ONNX Runtime does not have",
            hint="export the model with the standard operators",
        )
