"""The model's output tensors to the parts of an answer: predictions, probabilities, scores, other outputs."""

from __future__ import annotations

from runtimes.core.errors import ModelError
from runtimes.core.nested import nest, to_flat, to_list
from runtimes.core.shapes import batch_of
from runtimes.core.signature import Signature, TensorSpec
from runtimes.core.tensors import FLOATS, Tensor

PARTS = {
    "label": "predictions",
    "prediction": "predictions",
    "probabilities": "probabilities",
    "scores": "scores",
}
"""By role, the part of the answer; a model of several targets has several outputs in one part."""

SINGULAR = {"predictions": "prediction"}


def parts_of(signature: Signature) -> dict[str, list[int]]:
    """Which outputs make which part. Of several that no classes tell apart, the first counts.

    A part is a list over rows: an output of another length, as one that depends on the values, is none.
    """
    batch = batch_of(signature)
    parts: dict[str, list[int]] = {}
    for at, spec in enumerate(signature.outputs):
        part = PARTS.get(spec.role) if batch is None or spec.shape[:1] == (batch,) else None
        if part is not None and (part not in parts or spec.class_labels):
            parts.setdefault(part, []).append(at)
    return {part: parts[part] for part in ("predictions", "probabilities", "scores") if part in parts}


class AnswerWriter:
    """Writes answers for one signature. Values that JSON cannot say (NaN, infinity) are written as null."""

    __slots__ = ("_batch", "_counted", "_decoders", "_others", "_outputs", "_parts")

    def __init__(self, signature: Signature) -> None:
        self._batch = batch_of(signature)
        self._outputs = signature.outputs
        self._counted = [at for at, spec in enumerate(signature.outputs) if self._by_row(spec)]
        self._parts = parts_of(signature)
        taken = {at for places in self._parts.values() for at in places}
        self._others = [at for at in range(len(signature.outputs)) if at not in taken]
        self._decoders = {
            at: _Decoder(spec, signature)
            for at, spec in enumerate(signature.outputs)
            if spec.role == "label" and not _says_classes(spec, signature)
        }

    def whole(self, outputs: list[Tensor]) -> dict[str, object]:
        """One answer for all rows."""
        answer: dict[str, object] = {}
        for part, places in self._parts.items():
            if len(places) == 1:
                answer[part] = self._written(places[0], outputs[places[0]])
            else:
                answer[part] = _side_by_side([self._written(at, outputs[at]) for at in places])
        if self._others:
            answer["outputs"] = {self._outputs[at].name: to_list(outputs[at]) for at in self._others}
        return answer

    def encoded(self, outputs: list[Tensor]) -> dict[str, object]:
        """The same with numbers as ``{"b64", "dtype", "shape"}``; labels stay the classes that they name."""
        answer: dict[str, object] = {}
        for part, places in self._parts.items():
            values = [
                self._written(at, outputs[at])
                if self._outputs[at].role == "label"
                else outputs[at].document()
                for at in places
            ]
            answer[part] = values[0] if len(values) == 1 else values
        if self._others:
            answer["outputs"] = {self._outputs[at].name: outputs[at].document() for at in self._others}
        return answer

    def by_row(self, outputs: list[Tensor], count: int) -> list[dict[str, object]]:
        """One answer for each row."""
        self.check_rows(outputs, count)
        whole = self.whole(outputs)
        rows: list[dict[str, object]] = [{} for _ in range(count)]
        for key, value in whole.items():
            for at, row in enumerate(rows):
                row[SINGULAR.get(key, key)] = self._part(key, value, at)
        return rows

    def check_rows(self, outputs: list[Tensor], count: int) -> None:
        """Fewer answers than rows belong to nobody knows which of them."""
        for at in self._counted:
            shape = outputs[at].shape
            if not shape or shape[0] != count:
                name = self._outputs[at].name
                raise ModelError(f"the model gave {name} of the shape {list(shape)} for {count} rows")

    def _part(self, key: str, value: object, at: int) -> object:
        if isinstance(value, dict):
            specs = {spec.name: spec for spec in self._outputs}
            return {name: item[at] if self._by_row(specs[name]) else item for name, item in value.items()}
        if isinstance(value, list) and self._by_row(self._outputs[self._parts[key][0]]):
            return value[at]
        return value

    def _by_row(self, spec: TensorSpec) -> bool:
        return self._batch is not None and spec.shape[:1] == (self._batch,)

    def _written(self, at: int, tensor: Tensor) -> object:
        spec = self._outputs[at]
        if PARTS[spec.role] != "predictions":
            return to_list(tensor)
        flat = to_flat(tensor)
        if at in self._decoders:
            flat = self._decoders[at].decoded(flat)
        shape = tensor.shape
        alone = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1 and self._by_row(spec))
        return flat if alone else nest(flat, shape)


def _says_classes(spec: TensorSpec, signature: Signature) -> bool:
    """Whether the graph itself says the classes as the user knows them."""
    if spec.class_labels or signature.label_is_index:
        return False
    kind = {"string": str, "bool": bool}.get(spec.dtype, float if spec.dtype in FLOATS else int)
    return {kind}.issuperset(map(type, signature.class_labels))


class _Decoder:
    """From what the graph names to the classes as the user knows them."""

    __slots__ = ("_indexed", "_labels")

    def __init__(self, spec: TensorSpec, signature: Signature) -> None:
        self._indexed = spec.class_labels or (signature.class_labels if signature.label_is_index else None)
        # 1 finds True and 1.0: a graph says 1 where the class is one of them.
        self._labels = {label: label for label in signature.class_labels}

    def decoded(self, flat: list[object]) -> list[object]:
        if self._indexed is None:
            labels = self._labels
            return [labels.get(value, value) for value in flat]
        decoded = []
        for value in flat:
            if not isinstance(value, int) or not 0 <= value < len(self._indexed):
                raise ModelError(f"the model gave the class {value!r}; it has {len(self._indexed)} classes")
            decoded.append(self._indexed[value])
        return decoded


def _side_by_side(values: list[object]) -> object:
    """Each row's answers for all targets together."""
    lists = [value for value in values if isinstance(value, list)]
    return [list(row) for row in zip(*lists)]
