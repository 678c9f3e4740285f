"""A TFLite model with int8 weights and int16 between its layers, by ranges seen on real rows."""

from packager.converters.passes.step import Applied, LayerError, Step
from packager.converters.passes.tflite_plan import Plan, carried_out, ranked
from packager.converters.passes.tflite_rules import all_int

_PLAN = Plan("int8 weights with int16 between them", all_int(16), has_ranges=True)


def apply(step: Step) -> Applied:
    return carried_out(step, _PLAN)


def sensitivity(step: Step) -> list[LayerError]:
    return ranked(step, _PLAN)
