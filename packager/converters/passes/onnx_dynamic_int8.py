"""Dynamic int8 for ONNX: weights in 8 bits, inputs of layers brought to 8 bits at each run."""

import copy
from collections.abc import Collection
from typing import Any

from packager.converters.failure import ConversionError, translated
from packager.converters.passes.onnx_int8 import OTHERS, finish, unchanged
from packager.converters.passes.onnx_layers import Layer, Prepared, prepared
from packager.converters.passes.onnx_sensitivity import ranked
from packager.converters.passes.step import Applied, LayerError, Step

_USUAL = ("Attention", "Gather", "Gemm", "LSTM", "MatMul")
# What the quantizer calls the product that it makes of a Gemm.
_OF_GEMM = "_MatMul"


def apply(step: Step) -> Applied:
    graph = _prepared(step)
    layers = graph.taken(step.options["exclude"])
    made = _quantized(step, graph, layers)
    words = finish(step, made)
    return Applied(
        f"{len(layers)} of {len(graph.layers)} layers with weights of {step.options['weights']}, "
        f"{words}{_left_float(graph)}",
        tuple(layer.name for layer in layers),
        tuple(sorted(step.options["exclude"])),
    )


def sensitivity(step: Step) -> list[LayerError]:
    graph = _prepared(step)
    return ranked(step, graph, lambda layers: _quantized(step, graph, layers), "Dynamic int8")


def _prepared(step: Step) -> Prepared:
    operators: Collection[str] = step.options["operators"] or _USUAL
    if step.options["weights"] == "uint8":  # the engine has LSTMs with signed weights alone
        operators = [name for name in operators if name != "LSTM"]
    return prepared(step, operators, inner=True)


def _quantized(step: Step, graph: Prepared, layers: Collection[Layer]) -> Any:
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
    from onnxruntime.quantization.quant_utils import QuantizationMode, add_infer_metadata

    model = copy.deepcopy(graph.model)
    add_infer_metadata(model)
    options = step.options
    names = [name for layer in layers for name in (layer.name, layer.name + _OF_GEMM)]
    with translated(ConversionError, "The graph cannot be quantized"):
        quantizer = ONNXQuantizer(
            model,
            options["per_channel"],
            options["reduce_range"] and options["weights"] == "int8",
            QuantizationMode.IntegerOps,
            False,
            QuantType.QInt8 if options["weights"] == "int8" else QuantType.QUInt8,
            QuantType.QUInt8,
            None,
            names,
            [],
            sorted({"MatMul" if layer.operator == "Gemm" else layer.operator for layer in layers}),
            {"MatMulConstBOnly": True, "EnableSubgraph": True, "DefaultTensorType": 1},
        )
        quantizer.quantize_model()
    return quantizer.model.model


def _left_float(graph: Prepared) -> str:
    left = unchanged(graph, OTHERS | {"Conv"})
    if "Conv" in left:
        return "; convolutions stay float32, since they are slower so (static int8 is for them)" + (
            f", and so do {', '.join(sorted(left - {'Conv'}))}" if left - {"Conv"} else ""
        )
    return f"; {', '.join(sorted(left))} stay float32" if left else ""
