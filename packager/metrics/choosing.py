"""Which metric is for which model: what its answers are, and what was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from packager.errors import ConfigError, SamplesError
from packager.metrics.reading import Target, classes_of, is_number, targets
from packager.metrics.weighted import TOP, Floats
from packager.model import Signature, TensorSpec
from packager.optimized import MetricName

LESS_IS_BETTER: frozenset[MetricName] = frozenset({"rmse", "log_loss"})
_OF_CLASSES: tuple[MetricName, ...] = ("accuracy", "auc", "f1", "log_loss", "top5")
_OF_NUMBERS: tuple[MetricName, ...] = ("r2", "rmse")
_SCORED = frozenset({"auc", "log_loss", "top5"})


@dataclass(frozen=True, slots=True)
class Task:
    """What a metric looks at: decisions between classes, an output of numbers, or all tensors together."""

    metric: MetricName
    targets: tuple[Target, ...] = ()
    numbers: TensorSpec | None = None
    tensors: tuple[TensorSpec, ...] = ()


def choose(signature: Signature, labels: Floats | None, asked: str | None) -> Task:
    """The metric that was asked for, if it fits; else the usual one of such a model."""
    wanted = _known(asked)
    if wanted == "cosine":
        return _tensors(signature)
    found = _task(signature, labels, wanted)
    if wanted in (None, found.metric):
        _check(found)
        return found
    kinds = _OF_CLASSES if found.targets else _OF_NUMBERS if found.numbers else ()
    if wanted not in kinds:
        what = "decides between classes" if found.targets else "answers numbers" if found.numbers else None
        raise ConfigError(
            f"the metric {wanted} does not fit a model that {what or 'answers with tensors'}",
            f"it can be measured by {', '.join((*kinds, 'cosine'))}",
        )
    task = Task(wanted, found.targets, found.numbers)
    _check(task)
    return task


def _known(asked: str | None) -> MetricName | None:
    names: tuple[MetricName, ...] = get_args(MetricName)
    found = next((name for name in names if name == asked), None)
    if asked is not None and found is None:
        raise ConfigError(f"there is no metric {asked!r}", f"there are {', '.join(names)}")
    return found


def _task(signature: Signature, labels: Floats | None, wanted: MetricName | None) -> Task:
    named = targets(signature)
    if named:
        return Task("accuracy", tuple(named))
    outputs = [spec for spec in signature.outputs if is_number(spec)]
    if labels is not None:
        return _labelled(outputs, labels, wanted, tabular=bool(signature.features))
    rows = [spec for spec in outputs if classes_of(spec)]
    if rows and wanted in _OF_CLASSES:
        return Task("accuracy", (_scored(rows[0]),))
    if rows and (wanted in _OF_NUMBERS or _is_regression(outputs, signature)):
        return Task("r2", numbers=rows[0]) if "float" in rows[0].dtype else _named(rows[0])
    return _tensors(signature)


def _labelled(
    outputs: Sequence[TensorSpec], labels: Floats, wanted: MetricName | None, tabular: bool
) -> Task:
    """One label for each row: a place among many scores, whether there is something, or a number."""
    places = bool(np.all((labels >= 0) & (labels == np.round(labels))))
    most = int(labels.max(initial=0))
    many = [spec for spec in outputs if classes_of(spec) > 1 and places and most < classes_of(spec)]
    one = [spec for spec in outputs if classes_of(spec) == 1]
    if many and wanted not in _OF_NUMBERS:
        return Task("accuracy", (_scored(many[0]),))
    if one and "float" not in one[0].dtype:
        return _named(one[0])
    binary = places and most <= 1 and not tabular
    if one and (wanted in _OF_CLASSES if wanted else binary):
        return Task("accuracy", (_scored(one[0]),))
    if one:
        return Task("r2", numbers=one[0])
    shapes = ", ".join(f"{spec.name} {list(spec.shape)}" for spec in outputs)
    raise SamplesError(
        f"there is one label for each row, up to {most}, and the model answers {shapes}",
        "give places of classes among its scores, or one number for a model that answers one; "
        "without labels the model is held to the source's answers",
    )


def _scored(spec: TensorSpec) -> Target:
    return Target(None, spec, max(2, classes_of(spec)))


def _named(spec: TensorSpec) -> Task:
    """Whole numbers for each row, such as clusters: equal or not."""
    return Task("accuracy", (Target(spec, None, 0),))


def _is_regression(outputs: Sequence[TensorSpec], signature: Signature) -> bool:
    return len(outputs) == 1 and (classes_of(outputs[0]) == 1 or bool(signature.features))


def _tensors(signature: Signature) -> Task:
    outputs = tuple(spec for spec in signature.outputs if is_number(spec))
    if not outputs:
        raise ConfigError("the model answers no numbers whose directions could be compared", "use accuracy")
    return Task("cosine", tensors=outputs)


def _check(task: Task) -> None:
    for target in task.targets:
        if task.metric in _SCORED and target.scores is None:
            raise ConfigError(
                f"the metric {task.metric} needs a score for each class, and the model gives none",
                "use accuracy or f1",
            )
        if task.metric == "log_loss" and target.scores is not None and target.scores.role == "scores":
            raise ConfigError("the metric log_loss needs probabilities", "use accuracy, auc or f1")
        if task.metric == "top5" and target.classes <= TOP:
            raise ConfigError(f"the metric top5 says nothing of {target.classes} classes", "use accuracy")


Truth = Literal["labels", "source"]
