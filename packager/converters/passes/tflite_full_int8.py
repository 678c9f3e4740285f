"""A TFLite model in int8 throughout, by ranges seen on rows; it takes and answers floats or the codes."""

from dataclasses import replace
from typing import Any

from packager.converters.failure import ConversionError
from packager.converters.passes.step import Applied, LayerError, Step
from packager.converters.passes.tflite_plan import Plan, carried_out, ranked
from packager.converters.passes.tflite_rules import all_int
from packager.converters.tflite.reading import served
from packager.converters.tflite.structure import read_structure

_PLAN = Plan("int8", all_int(8), has_ranges=True)
_DECODED = frozenset({"label", "probabilities", "scores"})


def apply(step: Step) -> Applied:
    if step.options.get("io", "float") == "float":
        return carried_out(step, _PLAN)
    _refuse_decoded(step)
    applied = carried_out(step, replace(_PLAN, float_io=False))
    return replace(applied, quantized_io=_codes(step))


def sensitivity(step: Step) -> list[LayerError]:
    return ranked(step, _PLAN)


def _refuse_decoded(step: Step) -> None:
    """What the runtime reads for the user has to be the number itself."""
    named = [spec.name for spec in step.signature.outputs if spec.role in _DECODED]
    if step.signature.features or named:
        what = "columns" if step.signature.features else ", ".join(named)
        raise ConversionError(
            f"The model's {what} would hold int8 codes, which stand for nothing by themselves",
            hint="let it take and answer floats: io = float",
        )


def _codes(step: Step) -> dict[str, dict[str, Any]]:
    """By name, what one number n stands for: scale × (n - zero_point)."""
    found = served(read_structure(step.dest))
    codes = {
        name: {"dtype": tensor.dtype, "scale": tensor.scale, "zero_point": tensor.zero_point}
        for name, tensor in (*found.inputs.items(), *found.outputs.items())
        if tensor.scale and not tensor.dtype.startswith("float")
    }
    if not codes:
        raise ConversionError("Nothing that the model takes or answers became int8")
    return codes
