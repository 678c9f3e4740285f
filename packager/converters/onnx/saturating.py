"""Whether an int8 model that somebody else quantized answers alike on every processor.

Before VNNI, x86-64 adds two products of 8 bits in 16 bits: with weights of all 8 bits, and a sign, what is
too much is cut off.
"""

from typing import Any

import numpy as np

from packager.converters.onnx.graph import subgraphs

_IN_8_BITS = frozenset(
    {
        "QuantizeLinear",
        "DynamicQuantizeLinear",
        "QLinearConv",
        "QLinearMatMul",
        "ConvInteger",
        "MatMulInteger",
    }
    | {"QGemm", "QAttention", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulIntegerToFloat"}
)
_SEVEN_BITS = 64
_TOLD = (
    "weights of int8 take all 8 bits: processors of x86_64 without VNNI answer otherwise than others, and a "
    "function does not choose its own; quantize with reduce_range (7 bits) or unsigned weights, have "
    "packager optimize quantize the float model, or choose --arch arm64"
)


def notes_on(model: Any) -> tuple[str, ...]:
    """One, where layers compute in 8 bits with such weights."""
    from onnx import TensorProto, numpy_helper

    graphs = subgraphs(model.graph)
    if not any(node.op_type in _IN_8_BITS for graph in graphs for node in graph.node):
        return ()
    for graph in graphs:
        for tensor in graph.initializer:
            if tensor.data_type == TensorProto.INT8 and len(tensor.dims) > 1:
                array = numpy_helper.to_array(tensor).astype(np.int16)
                if np.abs(array).max(initial=0) > _SEVEN_BITS:
                    return (_TOLD,)
    return ()
