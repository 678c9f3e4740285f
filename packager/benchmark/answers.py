"""Is a function's first answer the right one? It is held to the source model's own, kept in golden.json."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from packager import probe
from packager.errors import BenchmarkError
from packager.manifest import read_signature
from packager.model import Signature, TensorSpec
from packager.probe import Array
from packager.results import Tolerance

_PARTS = {
    "label": "predictions",
    "prediction": "predictions",
    "probabilities": "probabilities",
    "scores": "scores",
}
_EXACT = Tolerance(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Golden:
    """One request's inputs, and the source model's answers to it, by tensor name."""

    signature: Signature
    inputs: dict[str, Array]
    outputs: dict[str, Array]
    tolerance: Mapping[str, Tolerance]


def read_golden(artifact: Path, manifest: Mapping[str, Any], tolerance: Mapping[str, Tolerance]) -> Golden:
    """The case that events/predict.json is made of: of a model with columns, its first row."""
    signature = read_signature(manifest["signature"])
    case = probe.read_cases(artifact / "golden.json")[0]
    if not signature.features:
        return Golden(signature, case.inputs, case.outputs, tolerance)
    inputs, outputs = (
        {name: array[:1] for name, array in side.items()} for side in (case.inputs, case.outputs)
    )
    return Golden(signature, inputs, outputs, tolerance)


def document_of(body: bytes) -> Any:
    """The document in a function's answer, out of its HTTP response; an error is a BenchmarkError."""
    document = demand_no_error(body)
    if not isinstance(document, dict) or "statusCode" not in document:
        return document
    return _parsed(document.get("body") or "null", body)


def demand_no_error(body: bytes) -> Any:
    """All that can be asked of anyone's function: an answer whose status is none of an error."""
    document = _parsed(body, body)
    if not isinstance(document, dict):
        return document
    status = document.get("statusCode", document.get("status"))
    if isinstance(status, int) and status >= 400:
        said = document.get("body") if "statusCode" in document else document
        raise BenchmarkError(
            f"the function refused the event with status {status}: {str(said)[:500]}",
            "give an event that it takes: --event FILE",
        )
    return document


def _parsed(text: Any, body: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise BenchmarkError(f"the function's answer is not JSON: {body[:200]!r}") from error


def check(body: bytes, golden: Golden) -> None:
    """Raise BenchmarkError unless the answer is the source model's, within the tolerance of the build."""
    document = document_of(body)
    compared = 0
    for names, expected in _expected(golden, document):
        answered = _found(document, names)
        if answered is None:
            continue
        compared += 1
        tolerance = golden.tolerance.get(names[0], _EXACT)
        for mine, wanted in zip_longest(_leaves(answered), expected, fillvalue=_NOTHING):
            if not _equal(mine, wanted, tolerance):
                raise _wrong(names, mine, wanted)
    if not compared:
        raise BenchmarkError(
            f"the answer holds none of the model's outputs: {str(document)[:300]}",
            "an event of another kind is measured with --event FILE",
        )


_NOTHING = object()


def _expected(golden: Golden, document: Any) -> Iterator[tuple[tuple[str, ...], Iterator[Any]]]:
    """The outputs that stand together in the answer, with the values that they should have."""
    named = _named(document)
    parts: dict[str, list[TensorSpec]] = {}
    for spec in golden.signature.outputs:
        if spec.name in named or spec.role not in _PARTS:
            yield (spec.name,), iter(golden.outputs[spec.name].ravel().tolist())
        else:
            parts.setdefault(_PARTS[spec.role], []).append(spec)
    for specs in parts.values():
        decoded = [_decoded(golden, spec) for spec in specs]
        values = decoded[0] if len(decoded) == 1 else list(zip(*decoded, strict=True))
        yield (*(spec.name for spec in specs), _PARTS[specs[0].role]), _leaves(values)


def _found(document: Any, names: Sequence[str]) -> Any:
    named = _named(document)
    if names[0] in named:
        return named[names[0]]
    return document.get(names[-1]) if isinstance(document, dict) else None


def _named(document: Any) -> dict[str, Any]:
    outputs = document.get("outputs") if isinstance(document, dict) else None
    return outputs if isinstance(outputs, dict) else {}


def _decoded(golden: Golden, spec: TensorSpec) -> list[Any]:
    """Labels as the user knows them, row by row."""
    values: list[Any] = golden.outputs[spec.name].tolist()
    labels = spec.class_labels or (golden.signature.class_labels if golden.signature.label_is_index else ())
    if spec.role != "label" or not labels:
        return values
    return [labels[index] for index in _leaves(values)]


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        yield from chain.from_iterable(map(_leaves, value))
    else:
        yield value


def _equal(answered: Any, expected: Any, tolerance: Tolerance) -> bool:
    if isinstance(expected, float) and not math.isfinite(expected):
        return answered is None
    if not isinstance(expected, float):
        return bool(answered == expected)
    if isinstance(answered, bool) or not isinstance(answered, (int, float)):
        return False
    return abs(answered - expected) <= tolerance.absolute + tolerance.relative * abs(expected)


def _wrong(names: Sequence[str], answered: Any, expected: Any) -> BenchmarkError:
    said = ["nothing" if value is _NOTHING else repr(value) for value in (answered, expected)]
    return BenchmarkError(
        f"the function answers {said[0]} for {names[0]}, and the source model {said[1]}",
        "`packager verify` says whether the artifact is what was built",
    )
