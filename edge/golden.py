"""The golden inputs and the source model's answers to them: what a bundle is held to on its device."""

from __future__ import annotations

import os
import struct

from runtimes.core import json_text
from runtimes.core.errors import ModelError, RequestError
from runtimes.core.tensors import DTYPES, FLOATS, Tensor, from_document, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edge.bundle import Bundle
    from runtimes.core.signature import Signature, TensorSpec

    Tensors = dict[str, Tensor]

GOLDEN = "golden.json"
TIE = 2e-6
"""Classes whose golden probabilities differ by no more are undecided."""
_INFINITY = float("inf")


class Case:
    """Inputs and the answers to them."""

    __slots__ = ("inputs", "outputs")

    def __init__(self, inputs: Tensors, outputs: Tensors) -> None:
        self.inputs = inputs
        self.outputs = outputs

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return max([tensor.shape[0] for tensor in self.inputs.values() if tensor.shape], default=1)


class Comparison:
    """What came of holding answers to the golden ones."""

    __slots__ = ("differences", "largest", "ties")

    def __init__(self) -> None:
        self.differences: list[str] = []
        self.largest = 0.0
        self.ties = 0


def read_cases(bundle: Bundle) -> list[Case]:
    """The cases of a bundle; none is an error, since nothing would be proved."""
    path = os.path.join(bundle.root, GOLDEN)
    if GOLDEN not in bundle.files:
        raise ModelError(f"the manifest in {bundle.root} does not list {GOLDEN}, so nothing can be proved")
    try:
        with open(path, encoding="utf-8") as file:
            document = json_text.read(file.read())
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from None
    cases = document.get("cases") if isinstance(document, dict) else None
    if not isinstance(cases, list) or document.get("schema_version") != 1:
        raise ModelError(f"{path} holds no cases that this runtime reads (schema_version 1)")
    if not cases:
        raise ModelError(f"{path} has no cases, so nothing is proved")
    return [_case(case, place, path) for place, case in enumerate(cases)]


def compare(
    case: Case,
    answers: Tensors,
    signature: Signature,
    tolerance: dict[str, tuple[float, float]],
    found: Comparison,
) -> None:
    """Hold the answers to one case to its golden ones; fails closed: NaN is within no tolerance."""
    for spec in signature.outputs:
        golden, answer = case.outputs.get(spec.name), answers.get(spec.name)
        if golden is None or answer is None:
            where = "golden.json" if golden is None else "the answer"
            found.differences.append(f"the output {spec.name} is missing in {where}")
        elif answer.dtype != spec.dtype or (golden.dtype in FLOATS) != (answer.dtype in FLOATS):
            expected = spec.dtype if answer.dtype != spec.dtype else golden.dtype
            found.differences.append(f"the output {spec.name} is {answer.dtype}, not {expected}")
        elif answer.shape != golden.shape:
            shapes = f"{list(answer.shape)}, not {list(golden.shape)}"
            found.differences.append(f"the output {spec.name} has the shape {shapes}")
        elif spec.name in tolerance and spec.dtype in FLOATS:
            _compare_numbers(spec, golden, answer, tolerance[spec.name], found)
        else:
            undecided = _Undecided(case, signature, spec) if spec.role == "label" else None
            _compare_exactly(spec, golden, answer, undecided, found)


def _compare_numbers(
    spec: TensorSpec, golden: Tensor, answer: Tensor, allowed: tuple[float, float], found: Comparison
) -> None:
    width = size_of(golden.shape[1:]) or 1
    absolute, relative = allowed
    for place, (want, have) in enumerate(zip(_values(golden), _values(answer))):
        error = 0.0 if want == have else abs(want - have)
        if error < _INFINITY:
            found.largest = max(found.largest, error)
        if not (want == have or error <= absolute + relative * abs(want) < _INFINITY):
            bound = f"{absolute:g} + {relative:g} x |answer| is allowed"
            where = f"the output {spec.name} in row {place // width}"
            found.differences.append(f"{where} is {have!r}, and the source model gave {want!r} ({bound})")
            return


def _compare_exactly(
    spec: TensorSpec, golden: Tensor, answer: Tensor, undecided: _Undecided | None, found: Comparison
) -> None:
    width = size_of(golden.shape[1:]) or 1
    for place, (want, have) in enumerate(zip(_values(golden), _values(answer))):
        if want == have:
            continue
        if undecided is not None and undecided.holds(place, want, have):
            found.ties += 1
            continue
        where = f"the output {spec.name} in row {place // width}"
        found.differences.append(f"{where} is {have!r}, and the source model gave {want!r}")
        return


class _Undecided:
    """Rows in which the source model itself gives two labels the same probability."""

    def __init__(self, case: Case, signature: Signature, label: TensorSpec) -> None:
        named = label.name.replace("label", "probabilities") if label.class_labels else None
        chances = [spec.name for spec in signature.outputs if spec.role == "probabilities"]
        name = next((name for name in chances if named in (None, name)), None)
        probabilities = case.outputs.get(name) if name is not None else None
        labels = label.class_labels or signature.class_labels
        by_place = bool(label.class_labels) or signature.label_is_index
        self._places = {
            known: place for place, known in enumerate(range(len(labels)) if by_place else labels)
        }
        self._values = _values(probabilities) if probabilities is not None else []

    def holds(self, row: int, one: object, other: object) -> bool:
        """Whether the row is undecided between two labels."""
        first, second = self._places.get(one), self._places.get(other)
        start = row * len(self._places)
        if first is None or second is None or start + len(self._places) > len(self._values):
            return False
        return bool(abs(self._values[start + first] - self._values[start + second]) <= TIE)


def _values(tensor: Tensor) -> list[Any]:
    """The elements in a flat list, NaN and infinities as they are."""
    data = tensor.data
    if isinstance(data, list):
        return data
    raw = tensor.to_bytes()
    if tensor.dtype == "float16":
        return list(struct.unpack(f"<{len(raw) // 2}e", raw))
    return memoryview(raw).cast(DTYPES[tensor.dtype][0]).tolist()  # type: ignore[call-overload,no-any-return]


def _case(case: object, place: int, path: str) -> Case:
    found = [case.get(side) for side in ("inputs", "outputs")] if isinstance(case, dict) else []
    sides = [side for side in found if isinstance(side, dict) and side]
    if len(sides) != 2:
        raise ModelError(f"{path}: case {place} has no inputs or no outputs")
    try:
        inputs, outputs = [
            {name: from_document(tensor, name) for name, tensor in side.items()} for side in sides
        ]
    except (RequestError, AttributeError) as error:
        raise ModelError(f"{path}: case {place} is no pair of tensors by name: {error}") from None
    return Case(inputs, outputs)
