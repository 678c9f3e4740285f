"""The model's output tensors to the parts of an answer: predictions, probabilities, other outputs."""

from __future__ import annotations

from runtimes.core.errors import ModelError
from runtimes.core.nested import nest, to_flat, to_list
from runtimes.core.shapes import batch_of
from runtimes.core.signature import Signature, TensorSpec
from runtimes.core.tensors import Tensor

_DECISIONS = ("label", "prediction")


class AnswerWriter:
    """Writes answers for one signature. Values that JSON cannot say (NaN, infinity) are written as null."""

    __slots__ = ("_batch", "_decision", "_indexed", "_labels", "_others", "_outputs", "_probabilities")

    def __init__(self, signature: Signature) -> None:
        roles = [spec.role for spec in signature.outputs]
        self._batch = batch_of(signature)
        self._outputs = signature.outputs
        self._decision = next((at for at, role in enumerate(roles) if role in _DECISIONS), None)
        self._probabilities = roles.index("probabilities") if "probabilities" in roles else None
        taken = (self._decision, self._probabilities)
        self._others = [at for at in range(len(roles)) if at not in taken]
        self._indexed = signature.class_labels if signature.label_is_index else None
        # 1 finds True and 1.0: a graph says 1 where the class is one of them.
        self._labels = {label: label for label in signature.class_labels}

    def whole(self, outputs: list[Tensor]) -> dict[str, object]:
        """One answer for all rows."""
        answer: dict[str, object] = {}
        if self._decision is not None:
            answer["predictions"] = self._decided(self._outputs[self._decision], outputs[self._decision])
        if self._probabilities is not None:
            answer["probabilities"] = to_list(outputs[self._probabilities])
        if self._others:
            answer["outputs"] = {self._outputs[at].name: to_list(outputs[at]) for at in self._others}
        return answer

    def by_row(self, outputs: list[Tensor], count: int) -> list[dict[str, object]]:
        """One answer for each row."""
        for spec, tensor in zip(self._outputs, outputs):
            if self._by_row(spec) and tensor.shape[:1] != (count,):
                shape = list(tensor.shape)
                raise ModelError(f"the model gave {spec.name} of the shape {shape} for {count} rows")
        whole = self.whole(outputs)
        singular = {"predictions": "prediction"}
        rows: list[dict[str, object]] = [{} for _ in range(count)]
        for key, value in whole.items():
            for at, row in enumerate(rows):
                row[singular.get(key, key)] = self._part(key, value, at)
        return rows

    def _part(self, key: str, value: object, at: int) -> object:
        if isinstance(value, dict):
            specs = {spec.name: spec for spec in self._outputs}
            return {name: item[at] if self._by_row(specs[name]) else item for name, item in value.items()}
        place = self._decision if key == "predictions" else self._probabilities
        if isinstance(value, list) and place is not None and self._by_row(self._outputs[place]):
            return value[at]
        return value

    def _by_row(self, spec: TensorSpec) -> bool:
        return self._batch is not None and spec.shape[:1] == (self._batch,)

    def _decided(self, spec: TensorSpec, tensor: Tensor) -> object:
        flat = to_flat(tensor)
        if spec.role == "label":
            flat = self._decoded(flat)
        shape = tensor.shape
        alone = len(shape) == 2 and shape[1] == 1 and self._by_row(spec)
        return flat if alone else nest(flat, shape)

    def _decoded(self, flat: list[object]) -> list[object]:
        if self._indexed is None:
            labels = self._labels
            return [labels.get(value, value) for value in flat]
        decoded = []
        for value in flat:
            if not isinstance(value, int) or not 0 <= value < len(self._indexed):
                raise ModelError(f"the model gave the class {value!r}; it has {len(self._indexed)} classes")
            decoded.append(self._indexed[value])
        return decoded
