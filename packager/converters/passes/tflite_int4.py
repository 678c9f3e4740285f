"""Weights of a TFLite model to int4 where there are kernels for that, else to int8."""

from packager.converters.passes.step import Applied, LayerError, Step
from packager.converters.passes.tflite_plan import Plan, carried_out, ranked
from packager.converters.passes.tflite_rules import weights_int4


def apply(step: Step) -> Applied:
    return carried_out(step, _plan(step))


def sensitivity(step: Step) -> list[LayerError]:
    return ranked(step, _plan(step))


def _plan(step: Step) -> Plan:
    return Plan("int4 weights", weights_int4(int(step.options.get("block", 0))), has_ranges=False)
