"""One way of quantizing TFLite, carried out: over all layers but those left out, or over each layer alone."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.files import write_bytes
from packager.converters.passes import tflite_quantizer as quantizer
from packager.converters.passes.step import Applied, LayerError, Step
from packager.converters.passes.tflite_floats import Floats, read_floats
from packager.converters.passes.tflite_quantizer import Layer, Rule
from packager.converters.passes.tflite_rows import Inputs, calibration_rows, how_many, some_rows
from packager.converters.passes.tflite_shortened import shortened
from packager.converters.tensors import Array
from packager.converters.tflite.folding import runs_in_given_memory
from packager.converters.tflite.interpreter import Answers
from packager.converters.tflite.reading import served
from packager.converters.tflite.structure import structure_of

_LEAVE = "leave some of its layers as they are: exclude"
_TRIAL_RUNS = 8
_UNUSABLE = 1e9
"""The error of a layer that, changed, keeps the engine from running the model or from answering numbers."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``to``: what layers become, in words. ``has_ranges``: what flows between layers becomes whole numbers,
    too, by ranges that were seen on rows; else only weights change, and the file has to get smaller.
    ``check`` refuses what came out."""

    to: str
    rule: Rule
    has_ranges: bool
    float_io: bool = True
    check: Callable[[bytes], None] | None = None


def carried_out(step: Step, plan: Plan) -> Applied:
    """Writes the model, after it was seen to run in the engine's own way."""
    floats = read_floats(step.model)
    every = found_layers(floats, plan)
    left = excluded(every, step.options.get("exclude", ()))
    recipe = quantizer.everywhere(floats, plan.rule, left, every)
    if plan.float_io:
        quantizer.with_float_io(recipe)
    rows = calibration_rows(step, floats) if plan.has_ranges else some_rows(step, floats, 1)
    seen = quantizer.ranges(floats, rows) if plan.has_ranges else None
    made = quantizer.quantized(floats, recipe, seen)
    shorter = shortened(made)
    changed = {layer.name: shorter[layer.name] for layer in every if layer.name in shorter}
    if not changed:
        raise ConversionError(f"No layer of the model became {plan.to}")
    if not plan.has_ranges:
        refuse_larger(step, made)
    if plan.check is not None:
        plan.check(made)
    check_runs(floats, made, rows[0], plan.float_io)
    write_bytes(step.dest, made)
    by = f", ranges of {how_many(rows, step.signature)} rows" if plan.has_ranges else ""
    coarser = sum(to not in plan.to for to in changed.values())
    but = f" ({coarser} of them to int8: it has no int4 kernel for these)" if coarser else ""
    detail = f"{len(changed)} of {len(every)} layers to {plan.to}{but}{by}"
    return Applied(detail, tuple(changed), tuple(layer.name for layer in left))


def ranked(step: Step, plan: Plan) -> list[LayerError]:
    """Each layer changed alone, the worst first."""
    floats = read_floats(step.model)
    every = found_layers(floats, plan)
    rows = some_rows(step, floats, _TRIAL_RUNS)
    seen = None
    if plan.has_ranges:
        seen = quantizer.ranges(floats, calibration_rows(step, floats))
    own = _answers(floats.data, rows)
    errors = [
        LayerError(layer.name, layer.operator, _error(floats, plan, layer, seen, rows, own), layer.parameters)
        for layer in every
    ]
    return sorted(errors, key=lambda one: (-one.error, one.layer))


def found_layers(floats: Floats, plan: Plan) -> tuple[Layer, ...]:
    every = quantizer.layers(floats, plan.rule, with_weights=not plan.has_ranges)
    if not every:
        raise ConversionError(
            f"The model has no layer that can be {plan.to}", hint="of its operators none has such a kernel"
        )
    return every


def excluded(every: Sequence[Layer], names: Sequence[str]) -> list[Layer]:
    """By name, by kind of operator, or by an expression that a whole name fits."""
    left: list[Layer] = []
    for name in names:
        found = [one for one in every if name in (one.name, one.operator)]
        found = found or [one for one in every if _fits(name, one.name)]
        if not found:
            raise ConversionError(
                f"There is no layer {name!r} to leave as it is",
                details=tuple(f"{one.name} ({one.operator})" for one in every[:40]),
            )
        left += [one for one in found if one not in left]
    return left


def _fits(expression: str, name: str) -> bool:
    try:
        return re.fullmatch(expression, name) is not None
    except re.error:
        return False


def refuse_larger(step: Step, made: bytes) -> None:
    before = step.model.stat().st_size
    if len(made) >= before:
        raise ConversionError(f"The model would not get smaller: {len(made):,} bytes, and it has {before:,}")


def check_runs(floats: Floats, made: bytes, inputs: Inputs, float_io: bool) -> None:
    """Opened by the interpreter and by the interface of the engine that ships."""
    after = served(structure_of(made, "the quantized model"))
    before = floats.served
    if list(after.inputs) != list(before.inputs) or list(after.outputs) != list(before.outputs):
        raise ConversionError("The quantizer gave other names to what the model takes or answers")
    if not float_io:
        return
    try:
        answers = Answers(made, after).of(inputs)
    except ConversionError as error:
        raise ConversionError(f"The quantized model does not run: {error.message}", hint=_LEAVE) from error
    for name, answer in answers.items():
        if answer.dtype.name != before.outputs[name].dtype:
            raise ConversionError(f"The quantizer made {name} {answer.dtype.name}")
        if not np.isfinite(answer.astype(np.float64)).all():
            raise ConversionError(f"The quantized model's {name} is infinite or no number")
    if not runs_in_given_memory(made, after, inputs):
        raise ConversionError("The engine does not run the quantized model", hint=_LEAVE)


def _error(
    floats: Floats,
    plan: Plan,
    layer: Layer,
    seen: quantizer.Ranges | None,
    rows: Sequence[Inputs],
    own: Array,
) -> float:
    recipe = quantizer.alone(plan.rule, layer)
    quantizer.with_float_io(recipe)
    try:
        moved = _answers(quantizer.quantized(floats, recipe, seen), rows) - own
    except ConversionError:  # numbers that the engine has no multiplier for
        return _UNUSABLE
    if not np.isfinite(moved).all():
        return _UNUSABLE
    return float(np.linalg.norm(moved) / max(float(np.linalg.norm(own)), 1e-30))


def _answers(data: bytes, rows: Sequence[Inputs]) -> Array:
    """All numbers that the model answers, one after the other."""
    answers = Answers(data, served(structure_of(data, "the model")))
    given = [answers.of(inputs) for inputs in rows]
    return np.concatenate([array.astype(np.float64).ravel() for one in given for array in one.values()])
