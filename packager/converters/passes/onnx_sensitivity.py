"""How far a graph's answers move when one layer alone is changed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.onnx.engine import open_session, run_session
from packager.converters.passes.onnx_weights import Layers
from packager.converters.passes.step import LayerError, Step
from packager.converters.tensors import Array, array_of

_MOST_LAYERS = 64
"""Of more layers those with the most weights are tried: each costs opening the model and some runs."""
_MOST_CASES, _MOST_ROWS = 16, 32


def ranked(step: Step, layers: Layers, changed: Callable[[str], Any]) -> list[LayerError]:
    """Every layer with the error of the model that ``changed`` gives for it, the worst first."""
    cases = list(_cases(step))
    session = open_session(step.model)
    before = [_run(session, case) for case in cases]
    operators = {name: weight.operator for weight in layers.weights for name in weight.layers}
    sizes = {
        name: sum(weight.count for weight in layers.weights if name in weight.layers) for name in layers.names
    }
    largest = sorted(sizes, key=lambda name: -sizes[name])[:_MOST_LAYERS]
    found = []
    for name in largest:
        other = open_session(changed(name).SerializeToString())
        error = _error(before, [_run(other, case) for case in cases])
        found.append(LayerError(name, operators[name], error, sizes[name]))
    return sorted(found, key=lambda one: (-one.error, one.layer))


def _cases(step: Step) -> Iterator[dict[str, Array]]:
    if step.calibration is None:
        raise ConversionError("Which layer costs most is found on real rows: give --samples")
    document = json.loads(step.calibration.read_text(encoding="utf-8"))
    batched = {spec.name for spec in step.signature.inputs if spec.shape[:1] == ("batch",)}
    for case in document["cases"][:_MOST_CASES]:
        yield {
            name: array_of(tensor)[:_MOST_ROWS] if name in batched else array_of(tensor)
            for name, tensor in case["inputs"].items()
        }


def _run(session: Any, case: dict[str, Array]) -> list[Array]:
    """Answers that are floating point numbers, as one list of values each."""
    answers = [np.asarray(answer) for answer in run_session(session, case)]
    floats = [answer.astype(np.float64).ravel() for answer in answers if answer.dtype.kind == "f"]
    if not floats:
        raise ConversionError("The model answers no floating point numbers to compare layers by")
    return floats


def _error(before: list[list[Array]], after: list[list[Array]]) -> float:
    """Relative L2 over all answers; infinite where they are no numbers or have other sizes."""
    own, other = (np.concatenate([part for case in cases for part in case]) for cases in (before, after))
    if own.shape != other.shape or not np.isfinite(other[np.isfinite(own)]).all():
        return float("inf")
    counted = np.isfinite(own)
    size = float(np.linalg.norm(own[counted]))
    lost = float(np.linalg.norm(own[counted] - other[counted]))
    return lost / size if size else lost
