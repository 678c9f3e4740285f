"""What a scikit-learn model gives: its outputs, and its own answers under their names."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.signature import BATCH, TensorSpec
from packager.converters.sklearn.parts import final, kind_of
from packager.converters.sklearn.prepare import class_labels, labels_are_indexes
from packager.converters.tensors import Array


@dataclass(frozen=True, slots=True)
class Answers:
    """The model's outputs in the order in which skl2onnx gives them."""

    outputs: tuple[TensorSpec, ...]
    class_labels: tuple[Any, ...] = ()
    label_is_index: bool = False


def read_answers(model: Any, sample: Any) -> Answers:
    """``sample``: one row, since some shapes show themselves only in an answer."""
    from sklearn.base import is_classifier

    if is_classifier(final(model)):
        return _classifier(model)
    if hasattr(model, "predict"):
        return _prediction(model, sample)
    if hasattr(model, "transform"):
        width = int(_dense(model.transform(sample)).shape[1])
        return Answers((TensorSpec("prediction", "float32", (BATCH, width), "prediction"),))
    raise ConversionError(
        f"{kind_of(final(model))} has no predict for new rows, so there is nothing to deploy",
        hint="use an estimator with predict or transform",
    )


def _classifier(model: Any) -> Answers:
    labels = class_labels(model)
    if not labels:
        raise ConversionError(
            f"{kind_of(final(model))} decides several targets at once, which is not supported",
            hint="save one classifier for each target",
        )
    index = labels_are_indexes(labels)
    text = all(isinstance(label, str) for label in labels)
    label = TensorSpec("label", "string" if text else "int64", (BATCH,), "label")
    if not hasattr(model, "predict_proba"):
        return Answers((label,), labels, index)
    probabilities = TensorSpec("probabilities", "float32", (BATCH, len(labels)), "probabilities")
    return Answers((label, probabilities), labels, index)


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
    named = {spec.role: spec for spec in answers.outputs}
    if "label" in named:
        found = {"label": _labels(np.asarray(model.predict(given)), answers)}
        if "probabilities" in named:
            found["probabilities"] = np.asarray(model.predict_proba(given))
        return found
    spec = named["prediction"]
    answer = model.predict(given) if hasattr(model, "predict") else model.transform(given)
    array = _dense(answer)
    if spec.dtype == "int64":
        return {spec.name: array.astype(np.int64).reshape(len(array))}
    return {spec.name: array.reshape(len(array), -1).astype(np.float64)}


def _labels(decided: Array, answers: Answers) -> Array:
    if answers.label_is_index:
        places = {label: at for at, label in enumerate(answers.class_labels)}
        values = [value.item() if isinstance(value, np.generic) else value for value in decided]
        return np.array([places[value] for value in values], dtype=np.int64)
    if answers.outputs[0].dtype == "int64":
        return decided.astype(np.int64)
    return np.array([str(value) for value in decided], dtype=object)


def _dense(answer: Any) -> Array:
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
