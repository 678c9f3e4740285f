"""Requests and answers of the source model as the C function has them, and back again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from packager.firmware.interface import Answer, Interface
from packager.probe import Answers, Array, Case


@dataclass(frozen=True, slots=True)
class Coding:
    """Texts and labels are codes in C, and what has no rows is one row."""

    interface: Interface

    def sent(self, cases: Sequence[Case]) -> tuple[Case, ...]:
        """The cases as rows for C: inputs, and the labels among the outputs."""
        return tuple(Case(self._inputs(case), self._outputs(case)) for case in cases)

    def answered(self, answers: Answers) -> Answers:
        """What C answered, in the source model's own terms."""
        return replace(answers, outputs=tuple(map(self._decoded, answers.outputs)))

    def _inputs(self, case: Case) -> dict[str, Array]:
        return {
            argument.spec.name: self._rows(self._coded(case.inputs[argument.spec.name]))
            for argument in self.interface.inputs
        }

    def _coded(self, array: Array) -> Array:
        return self.interface.texts.sent(array) if array.dtype == object else array

    def _outputs(self, case: Case) -> dict[str, Array]:
        return {
            answer.spec.name: self._rows(_place_of(answer, case.outputs[answer.spec.name]))
            for answer in self.interface.outputs
            if answer.spec.name in case.outputs
        }

    def _rows(self, array: Array) -> Array:
        return array if self.interface.batched else array[None]

    def _decoded(self, outputs: dict[str, Array]) -> dict[str, Array]:
        return {
            answer.spec.name: _label_at(
                answer, outputs[answer.spec.name] if self.interface.batched else outputs[answer.spec.name][0]
            )
            for answer in self.interface.outputs
        }


def _label_at(answer: Answer, places: Array) -> Array:
    """Labels by their places."""
    if not answer.classes:
        return places
    if answer.spec.dtype == "string":
        return np.array(answer.classes, dtype=object)[places]
    if answer.by_place:
        return places.astype(answer.spec.dtype)
    return np.array(answer.classes).astype(answer.spec.dtype)[places]


def _place_of(answer: Answer, labels: Array) -> Array:
    """Places of labels."""
    if not answer.classes:
        return labels
    if answer.by_place and answer.spec.dtype != "string":
        return labels.astype(np.int32)
    places = {label: place for place, label in enumerate(answer.classes)}
    flat = [places[label] for label in labels.reshape(-1).tolist()]
    return np.array(flat, dtype=np.int32).reshape(labels.shape)
