"""Weights of a TFLite model to int8; the engine rounds what flows between layers as it runs."""

from packager.converters.passes.step import Applied, LayerError, Step
from packager.converters.passes.tflite_plan import Plan, carried_out, ranked
from packager.converters.passes.tflite_rules import weights_int8

_PLAN = Plan("int8 weights", weights_int8, has_ranges=False)


def apply(step: Step) -> Applied:
    return carried_out(step, _PLAN)


def sensitivity(step: Step) -> list[LayerError]:
    return ranked(step, _PLAN)
