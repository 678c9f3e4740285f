"""Static int8 for ONNX: layers and what lies between them in 8 bits, with ranges seen on real rows (QDQ)."""

import copy
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from packager.converters.failure import ConversionError, translated
from packager.converters.onnx.graph import sort_nodes
from packager.converters.passes.onnx_companions import COMPANIONS, companions, kept_float
from packager.converters.passes.onnx_int8 import OTHERS, finish, unchanged
from packager.converters.passes.onnx_layers import Layer, Prepared, prepared
from packager.converters.passes.onnx_ranges import Range, measured, narrowed
from packager.converters.passes.onnx_rows import CalibrationRows, calibration_rows
from packager.converters.passes.onnx_sensitivity import ranked
from packager.converters.passes.step import Applied, LayerError, Step

_USUAL = ("Conv", "Gather", "Gemm", "MatMul")


@dataclass(frozen=True, slots=True)
class _Calibrated:
    """``barred``: tensors with infinite values, as masks have, which no 8 bits hold beside others."""

    graph: Prepared
    ranges: dict[str, Range]
    barred: frozenset[str]

    def able(self, layers: Collection[Layer]) -> list[Layer]:
        return [layer for layer in layers if self.barred.isdisjoint({*layer.node.input, *layer.node.output})]


def apply(step: Step) -> Applied:
    graph = prepared(step, step.options["operators"] or _USUAL, inner=False)
    wanted = graph.taken(step.options["exclude"])
    rows = calibration_rows(step, "Static int8")
    calibrated = _calibrated(step, graph, rows)
    layers = calibrated.able(wanted)
    if not layers:
        raise ConversionError(
            "Values around every layer are infinite on the calibration rows: no range covers them"
        )
    made = _quantized(step, calibrated, layers)
    words = finish(step, made)
    infinite = [layer.name for layer in wanted if layer not in layers]
    return Applied(
        f"{len(layers)} of {len(graph.layers)} layers to int8, {_how(step)} over {rows.count} rows, {words}"
        f"{_left_float(graph, infinite)}",
        tuple(layer.name for layer in layers),
        tuple(sorted({*step.options["exclude"], *infinite})),
    )


def sensitivity(step: Step) -> list[LayerError]:
    graph = prepared(step, step.options["operators"] or _USUAL, inner=False)
    calibrated = _calibrated(step, graph, calibration_rows(step, "Static int8"))
    able = Prepared(graph.model, tuple(calibrated.able(graph.layers)))
    return ranked(step, able, lambda layers: _quantized(step, calibrated, layers), "Static int8")


def _how(step: Step) -> str:
    method = str(step.options["calibration"])
    return f"percentile {step.options['percentile']:g}" if method == "percentile" else method


def _left_float(graph: Prepared, infinite: list[str]) -> str:
    left = sorted(unchanged(graph, OTHERS))
    said = f"; {', '.join(left)} stay float32" if left else ""
    return said + (f"; {', '.join(infinite[:5])} too, whose values are infinite" if infinite else "")


def _calibrated(step: Step, graph: Prepared, rows: CalibrationRows) -> _Calibrated:
    names = {layer.name for layer in graph.layers}
    tensors = {
        name
        for node in graph.model.graph.node
        if node.name in names or node.op_type in COMPANIONS
        for name in (*node.input, *node.output)
        if name
    }
    ranges = measured(graph.model, rows, tensors)
    barred = frozenset(name for name, one in ranges.items() if not one.is_finite)
    if step.options["calibration"] != "minmax":
        ranges = narrowed(graph.model, rows, ranges, step.options["calibration"], step.options["percentile"])
    return _Calibrated(graph, ranges, barred)


def _quantized(step: Step, calibrated: _Calibrated, layers: Collection[Layer]) -> Any:
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.quant_utils import add_infer_metadata

    model = copy.deepcopy(calibrated.graph.model)
    add_infer_metadata(model)
    names = {layer.name for layer in layers}
    along = companions(model, names, calibrated.barred | _unseen(model, calibrated.ranges))
    types = {"int8": QuantType.QInt8, "uint8": QuantType.QUInt8}
    options = step.options
    with translated(ConversionError, "The graph cannot be quantized"):
        quantizer = _quantizer()(
            model,
            options["per_channel"],
            options["reduce_range"] and options["weights"] == "int8",
            types[options["weights"]],
            types[options["activations"]],
            _tensors(calibrated, model),
            sorted(names | along),
            [],
            sorted({node.op_type for node in model.graph.node if node.name in names | along}),
            {"ActivationSymmetric": options["symmetric"], "WeightSymmetric": True},
        )
        quantizer.kept_float = kept_float(model, names, along)
        quantizer.quantize_model()
    made = quantizer.model.model
    sort_nodes(made.graph)
    return made


def _quantizer() -> Any:
    """The engine's own, told which results stay as they are: it knows that by operator alone."""
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    class Quantizer(QDQQuantizer):  # type: ignore[misc, unused-ignore]
        kept_float: frozenset[str] = frozenset()

        def quantize_activation_tensor(self, tensor_name: str) -> None:
            if tensor_name not in self.kept_float:
                super().quantize_activation_tensor(tensor_name)

    return Quantizer


def _unseen(model: Any, ranges: dict[str, Range]) -> frozenset[str]:
    """Results without a range: of other types, or never computed on these rows."""
    return frozenset(name for node in model.graph.node for name in node.output if name not in ranges)


def _tensors(calibrated: _Calibrated, model: Any) -> Any:
    import numpy as np
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorData, TensorsData

    weights = {tensor.name for tensor in model.graph.initializer}
    return TensorsData(
        CalibrationMethod.MinMax,
        {
            name: TensorData(lowest=np.float32(one.lowest), highest=np.float32(one.highest))
            for name, one in calibrated.ranges.items()
            if one.is_finite and name not in weights
        },
    )
