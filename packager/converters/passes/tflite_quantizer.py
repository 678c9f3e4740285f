"""The border to ai-edge-quantizer: which layers a recipe is for, their ranges on real rows, the new bytes."""

import contextlib
import io
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, translated
from packager.converters.passes.tflite_floats import Floats, opened, packed
from packager.converters.tensors import Array
from packager.converters.tflite.library import interpreter_module, schema_module

_ALL = ".*"
# Kernels of whole numbers that stop at what rounds to zero or below; and what stands for a whole graph.
_LEFT = frozenset({"DIV", "RSQRT", "SQRT", "STABLEHLO_COMPOSITE"})
_INFINITE = 3e38
# The last to be added decides, and a pattern keeps the place that it was first added at.
_ALL_AGAIN = "^.*$"
_IO = ("INPUT", "OUTPUT")
Ranges = dict[str, dict[str, Array]]
Rule = Callable[[Any, str, "tuple[int, ...] | None"], None]
"""Adds its configuration to the quantizer's recipe for the layers that a pattern finds; the shape of the
weights is given where the pattern is for one layer."""


@dataclass(frozen=True, slots=True)
class Layer:
    """An operator that a rule is for. ``scope`` is what the quantizer calls it; ``weights`` their shape."""

    name: str
    operator: str
    scope: str
    parameters: int
    weights: tuple[int, ...]

    @property
    def pattern(self) -> str:
        return f"^{re.escape(self.scope)}$"


def layers(floats: Floats, rule: Rule, with_weights: bool) -> tuple[Layer, ...]:
    """What the rule would change of the graph that is served."""
    recipe = _recipe()
    rule(recipe, _ALL, None)
    return tuple(
        layer
        for layer, is_served in _every(floats, recipe)
        if is_served and (bool(layer.weights) or not with_weights)
    )


def everywhere(floats: Floats, rule: Rule, without: Iterable[Layer], every: Iterable[Layer]) -> Any:
    """The recipe for all layers of ``every`` but ``without``."""
    recipe, wanted = _recipe(), set(every) - set(without)
    rule(recipe, _ALL, None)
    for layer in wanted:
        if layer.weights:
            rule(recipe, layer.pattern, layer.weights)
    for layer, _ in _every(floats, recipe):
        if layer not in wanted:
            _leave(recipe, layer.pattern)
    return recipe


def alone(rule: Rule, layer: Layer) -> Any:
    """The recipe for one layer."""
    recipe = _recipe()
    rule(recipe, layer.pattern, layer.weights)
    return recipe


def with_float_io(recipe: Any) -> None:
    """What goes in and comes out stays as it is, whatever the layers hold."""
    from ai_edge_quantizer.qtyping import TFLOperationName

    for name in _IO:
        recipe.add_quantization_config(_ALL_AGAIN, TFLOperationName[name], None, "no_quantize")


def ranges(floats: Floats, rows: Iterable[Mapping[str, Array]]) -> Ranges:
    """The least and the largest number that each tensor held, each run from the model's first state."""
    seen: Ranges = {}
    looked_at = _between(floats)
    with _speechless("LiteRT does not run the model on the rows that ranges are to be seen on"):
        # With the kernels that will serve it: some models have operators that only these know.
        interpreter = interpreter_module().Interpreter(
            model_content=floats.data, num_threads=1, experimental_preserve_all_tensors=True
        )
        runner = interpreter.get_signature_runner(floats.key)
        for inputs in rows:
            interpreter.reset_all_variables()
            runner(**inputs)
            for at, name in looked_at.items():
                _widen(seen, name, interpreter.get_tensor(at, floats.served.place))
    return seen


def _between(floats: Floats) -> dict[int, str]:
    """What inputs and operators give and anything reads, by its place: for all else there is no memory."""
    graph = floats.served.graph
    given = {*graph.inputs, *(at for operator in graph.operators for at in operator.outputs)}
    read = {*graph.outputs, *(at for operator in graph.operators for at in operator.inputs)}
    return {at: graph.tensors[at].name for at in sorted(given & read - {-1})}


def _widen(seen: Ranges, name: str, value: Array) -> None:
    """Masks that add minus infinity are no range."""
    if value.dtype.kind not in "fiu" or value.size == 0:
        return
    if np.isnan(value).any():
        raise ConversionError(
            f"{name} is no number on the rows that ranges are to be seen on",
            hint="give rows that the model answers, or leave it in floats",
        )
    sane = value[np.abs(value) < _INFINITE] if value.dtype.kind == "f" else value
    before = seen.get(name, {"min": sane, "max": sane})
    flat = (1,) * value.ndim
    low, high = (np.append(sane.ravel(), before[key].ravel()) for key in ("min", "max"))
    if low.size:
        seen[name] = {"min": low.min().reshape(flat), "max": high.max().reshape(flat)}


def quantized(floats: Floats, recipe: Any, seen: Ranges | None) -> bytes:
    """The model by the recipe."""
    from ai_edge_quantizer.quantizer import Quantizer

    with _speechless("The quantizer cannot write this model"):
        made = Quantizer(bytearray(floats.data), recipe.get_quantization_recipe())
        result = made.quantize(seen, enable_progress_report=False)
        return _signed(floats, bytes(result.quantized_model))


def _signed(floats: Floats, made: bytes) -> bytes:
    """The quantizer confuses answers that other operators read, too: the graph may give the codes for these
    in place of the answer, and the signature name what is none."""
    before, dtypes = floats.served, schema_module().TensorType
    model = opened(made)
    graph = model.subgraphs[before.place]
    (signature,) = (one for one in model.signatureDefs if one.signatureKey.decode() == floats.key)
    changed = False
    for entry in signature.outputs:
        name = entry.name.decode()
        at, place = before.output_places[name], before.graph.outputs.index(before.output_places[name])
        is_kept = graph.tensors[at].type == getattr(dtypes, before.outputs[name].dtype.upper())
        answer = at if is_kept else graph.outputs[place]
        changed |= entry.tensorIndex != answer or graph.outputs[place] != answer
        entry.tensorIndex = graph.outputs[place] = answer
    return packed(model) if changed else made


def _recipe() -> Any:
    from ai_edge_quantizer.recipe_manager import RecipeManager

    return RecipeManager()


def _leave(recipe: Any, pattern: str) -> None:
    from ai_edge_quantizer.qtyping import TFLOperationName

    recipe.add_quantization_config(pattern, TFLOperationName.ALL_SUPPORTED, None, "no_quantize")


def _every(floats: Floats, recipe: Any) -> Iterable[tuple[Layer, bool]]:
    """All operators of the file that the recipe is for, and whether each is of the graph that is served."""
    from ai_edge_quantizer.utils import tfl_flatbuffer_utils as known

    model = known.read_model(bytearray(floats.data))
    for place, graph in enumerate(model.subgraphs):
        for operator in graph.operators:
            kind = known.TFL_OP_CODE_TO_NAME.get(model.operatorCodes[operator.opcodeIndex].builtinCode)
            scope = known.get_op_scope(operator, graph.tensors)
            if kind is None or recipe.get_quantization_configs(kind, scope)[0] == "no_quantize":
                continue
            if any(graph.tensors[at].type == known.qtyping.TensorType.FLOAT32 for at in operator.outputs):
                yield (
                    _layer(model, graph, operator, kind.value, scope),
                    place == floats.served.place and kind.value not in _LEFT,
                )


def _layer(model: Any, graph: Any, operator: Any, kind: str, scope: str) -> Layer:
    from ai_edge_quantizer.utils.tfl_flatbuffer_utils import qtyping

    held = [graph.tensors[at] for at in operator.inputs if at >= 0]
    floats = [
        tuple(map(int, tensor.shape))
        for tensor in held
        if tensor.type == qtyping.TensorType.FLOAT32 and model.buffers[tensor.buffer].data is not None
    ]
    weights = next((shape for shape in floats if len(shape) > 1), ())
    name = graph.tensors[operator.outputs[0]].name.decode()
    return Layer(name, kind, scope, sum(map(math.prod, floats)), weights)


@contextlib.contextmanager
def _speechless(sentence: str) -> Any:
    """The quantizer prints and warns for its own users; what it raises becomes one sentence."""
    with (
        translated(ConversionError, sentence),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
