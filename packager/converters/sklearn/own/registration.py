"""Which estimators our own converters take over; skl2onnx is told before it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from packager.converters.sklearn.own import hist_boosting, text
from packager.converters.sklearn.own.nodes import Nodes

Writes = Callable[[Nodes, Any], None]

CLASSIFIERS: Mapping[str, Writes] = {
    "sklearn.ensemble.HistGradientBoostingClassifier": hist_boosting.classifier,
}
OTHERS: Mapping[str, Writes] = {
    "sklearn.ensemble.HistGradientBoostingRegressor": hist_boosting.regressor,
    "sklearn.feature_extraction.text.CountVectorizer": text.vectorizer,
    "sklearn.feature_extraction.text.TfidfTransformer": text.transformer,
    "sklearn.feature_extraction.text.TfidfVectorizer": text.vectorizer,
}
# These compute in double precision as scikit-learn does, so that their inputs may be double, too.
IN_DOUBLE = frozenset({"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"})


def register_converters() -> None:
    """Before every conversion; estimators that this scikit-learn does not have are left out."""
    import skl2onnx

    for table, shapes in ((CLASSIFIERS, _of_classifier), (OTHERS, _of_other)):
        options = {"zipmap": [True, False], "nocl": [True, False], "output_class_labels": [False, True]}
        for full, writes in table.items():
            module, _, name = full.rpartition(".")
            estimator = getattr(import_module(module), name, None)
            if estimator is not None:
                convert = partial(_convert, writes)
                extra = {"options": {**options, "raw_scores": [True, False]}} if table is CLASSIFIERS else {}
                skl2onnx.update_registered_converter(estimator, f"Own{name}", shapes, convert, **extra)


def _convert(writes: Writes, scope: Any, operator: Any, container: Any) -> None:
    writes(Nodes(scope, operator, container), operator.raw_operator)


def _of_other(operator: Any) -> None:
    """The engine infers shapes; the signature says those of the outputs."""
    for output in operator.outputs:
        output.type.shape = [None, None]


def _of_classifier(operator: Any) -> None:
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    named = np.asarray(operator.raw_operator.classes_).dtype.kind in "OUT"
    operator.outputs[0].type = (StringTensorType if named else Int64TensorType)([None])
    operator.outputs[1].type.shape = [None, None]
