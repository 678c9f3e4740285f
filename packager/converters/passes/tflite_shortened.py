"""Which layers of a TFLite model have shorter numbers than single precision."""

from packager.converters.tflite.structure import StoredGraph, StoredOperator, structure_of

# Not int32, which indexes, sizes and biases hold.
_SHORTER = frozenset({"int4", "int8", "int16", "float16"})
_TURNING = frozenset({"QUANTIZE", "DEQUANTIZE"})


def shortened(data: bytes) -> dict[str, str]:
    """By the name of what an operator answers: the type of its weights, or without any, of the answer."""
    found = {}
    for graph in structure_of(data, "the quantized model").graphs:
        widened = {one.outputs[0]: one.inputs[0] for one in graph.operators if one.kind in _TURNING}
        for operator in graph.operators:
            if operator.kind not in _TURNING and operator.outputs:
                dtype = _shorter(graph, operator, widened)
                if dtype:
                    found[graph.tensors[operator.outputs[0]].name] = dtype
    return found


def _shorter(graph: StoredGraph, operator: StoredOperator, widened: dict[int, int]) -> str:
    """Weights may stand behind an operator that widens them."""
    given = [graph.tensors[widened.get(at, at)] for at in operator.inputs if at >= 0]
    looked_at = [*(tensor for tensor in given if tensor.constant), graph.tensors[operator.outputs[0]]]
    return next((tensor.dtype for tensor in looked_at if tensor.dtype in _SHORTER), "")
