"""What a scikit-learn model gives: its outputs, and its own answers under their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.signature import BATCH, TensorSpec, labels_are_indexes
from packager.converters.sklearn.own.scored import gives_scores
from packager.converters.sklearn.own.targets import places
from packager.converters.sklearn.parts import final, kind_of
from packager.converters.sklearn.prepare import class_labels
from packager.converters.tensors import Array


@dataclass(frozen=True)
class Answers:
    """The model's outputs in the order in which skl2onnx gives them."""

    outputs: tuple[TensorSpec, ...]
    class_labels: tuple[Any, ...] = ()
    label_is_index: bool = False

    @property
    def several(self) -> bool:
        """Whether the model decides several targets at once."""
        return any(spec.class_labels for spec in self.outputs)


def read_answers(model: Any, sample: Any) -> Answers:
    """``sample``: some rows, since some shapes show themselves only in an answer."""
    from sklearn.base import is_classifier, is_outlier_detector

    if is_classifier(final(model)):
        return _classifier(model, sample)
    if is_outlier_detector(final(model)) and hasattr(model, "predict"):
        whole = TensorSpec("prediction", "int64", (BATCH,), "prediction")
        return Answers((whole, TensorSpec("scores", "float32", (BATCH,), "scores")))
    if hasattr(model, "predict"):
        return _prediction(model, sample)
    if hasattr(model, "transform"):
        width = int(_dense(model.transform(sample)).shape[1])
        return Answers((TensorSpec("prediction", "float32", (BATCH, width), "prediction"),))
    raise ConversionError(
        f"{kind_of(final(model))} has no predict for new rows, so there is nothing to deploy",
        hint="use an estimator with predict or transform",
    )


def _classifier(model: Any, sample: Any) -> Answers:
    labels = class_labels(model)
    decided = np.asarray(model.predict(sample))
    if decided.ndim == 2:
        return _several(model, _classes_of_each(model, decided.shape[1]))
    # Trees of a single text would stop the engine.
    index = labels_are_indexes(labels) or len(labels) == 1
    text = not index and all(isinstance(label, str) for label in labels)
    label = TensorSpec("label", "string" if text else "int64", (BATCH,), "label")
    if hasattr(model, "predict_proba"):
        probabilities = TensorSpec("probabilities", "float32", (BATCH, len(labels)), "probabilities")
        return Answers((label, probabilities), labels, index)
    if gives_scores(final(model)):
        width = np.asarray(model.decision_function(sample)).shape[1:]
        scores = TensorSpec("scores", "float32", (BATCH, *(int(size) for size in width)), "scores")
        return Answers((label, scores), labels, index)
    return Answers((label,), labels, index)


def _classes_of_each(model: Any, count: int) -> list[tuple[Any, ...]]:
    """A list of classes for each target; a list of labels means that each is there or not."""
    classes = getattr(final(model), "classes_", None)
    if isinstance(classes, list) and len(classes) == count:
        return [tuple(np.asarray(each).tolist()) for each in classes]
    return [(0, 1)] * count


def _several(model: Any, classes: list[tuple[Any, ...]]) -> Answers:
    outputs = []
    for target, labels in enumerate(classes):
        outputs.append(TensorSpec(f"label_{target}", "int64", (BATCH,), "label", labels))
        if hasattr(model, "predict_proba"):
            shape = (BATCH, len(labels))
            outputs.append(TensorSpec(f"probabilities_{target}", "float32", shape, "probabilities", labels))
    return Answers(tuple(outputs))


def _prediction(model: Any, sample: Any) -> Answers:
    answer = np.asarray(model.predict(sample))
    width = 1 if answer.ndim == 1 else int(answer.shape[1])
    whole = answer.dtype.kind in "iu" and not _is_regressor(model)
    if not whole:
        return Answers((TensorSpec("prediction", "float32", (BATCH, width), "prediction"),))
    return Answers((TensorSpec("prediction", "int64", (BATCH,), "prediction"),))


def _is_regressor(model: Any) -> bool:
    from sklearn.base import is_regressor

    return bool(is_regressor(final(model)))


def own_answers(model: Any, given: Any, answers: Answers) -> dict[str, Array]:
    """The source model's answers, in its own precision."""
    if answers.several:
        return _own_targets(model, given, answers)
    named = {spec.role: spec for spec in answers.outputs}
    found = {}
    if "label" in named:
        found["label"] = _labels(np.asarray(model.predict(given)), answers)
    if "probabilities" in named:
        found["probabilities"] = np.asarray(model.predict_proba(given))
    if "scores" in named:
        found["scores"] = np.asarray(model.decision_function(given), dtype=np.float64)
    if "prediction" not in named:
        return found
    spec = named["prediction"]
    answer = model.predict(given) if hasattr(model, "predict") else model.transform(given)
    array = _dense(answer)
    if spec.dtype == "int64":
        return {spec.name: array.astype(np.int64).reshape(len(array)), **found}
    return {spec.name: array.reshape(len(array), -1).astype(np.float64), **found}


def _own_targets(model: Any, given: Any, answers: Answers) -> dict[str, Array]:
    decided = np.asarray(model.predict(given))
    labels = [spec for spec in answers.outputs if spec.role == "label"]
    found = {spec.name: places(decided[:, at], spec.class_labels) for at, spec in enumerate(labels)}
    if not hasattr(model, "predict_proba"):
        return found
    chances = model.predict_proba(given)
    for target in range(len(labels)):
        if isinstance(chances, list):
            found[f"probabilities_{target}"] = np.asarray(chances[target])
        else:
            present = np.asarray(chances)[:, target]
            found[f"probabilities_{target}"] = np.stack([1 - present, present], axis=1)
    return found


def _labels(decided: Array, answers: Answers) -> Array:
    if answers.label_is_index:
        return places(decided, answers.class_labels)
    if answers.outputs[0].dtype == "int64":
        return decided.astype(np.int64)
    return np.array([str(value) for value in decided], dtype=object)


def _dense(answer: Any) -> Array:
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
