"""The linear models of ai.onnx.ml answer as ONNX Runtime does."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from packager.converters.tiny.node import UncoveredError
from tests.runtimes.core.engines.tiny.running import by_onnxruntime, by_tiny, model_of

_ROWS = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
_WEIGHTS = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32).round(3)


def _model(kind: str, outputs: dict[str, int], takes: int = TensorProto.FLOAT, **attributes: Any) -> Any:
    node = helper.make_node(kind, ["X"], list(outputs), domain="ai.onnx.ml", **attributes)
    given = [helper.make_tensor_value_info(name, of, None) for name, of in outputs.items()]
    return model_of([node], [helper.make_tensor_value_info("X", takes, [None, 4])], given)


def _alike(model: Any, inputs: Any) -> None:
    for made, wanted in zip(by_tiny(model, {"X": inputs}), by_onnxruntime(model, {"X": inputs}), strict=True):
        assert made.dtype == wanted.dtype
        if made.dtype.kind == "f":
            np.testing.assert_allclose(made, wanted, rtol=1e-5, atol=1e-6)
        else:
            assert made.tolist() == wanted.tolist()


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("intercepts", [True, False])
def test_regressors(targets: int, intercepts: bool) -> None:
    more: dict[str, Any] = {"intercepts": [0.5, -0.5, 2.0][:targets]} if intercepts else {}
    weights = _WEIGHTS[:targets].reshape(-1).tolist()
    _alike(_model("LinearRegressor", {"Y": 1}, coefficients=weights, targets=targets, **more), _ROWS)


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"])
@pytest.mark.parametrize("takes", [TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64])
def test_classifiers_of_three(transform: str, takes: int) -> None:
    model = _model(
        "LinearClassifier", {"L": TensorProto.STRING, "Y": TensorProto.FLOAT}, takes,
        coefficients=_WEIGHTS.reshape(-1).tolist(), intercepts=[0.1, 0.2, 0.3], post_transform=transform,
        classlabels_strings=["a", "b", "c"], multi_class=1,
    )  # fmt: skip
    _alike(model, (_ROWS * 3).astype(helper.tensor_dtype_to_np_dtype(takes)))


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC"])
def test_classifiers_of_two_by_one_score(transform: str) -> None:
    model = _model(
        "LinearClassifier", {"L": TensorProto.INT64, "Y": TensorProto.FLOAT}, classlabels_ints=[5, 3],
        coefficients=_WEIGHTS[0].tolist(), intercepts=[0.1], post_transform=transform,
    )  # fmt: skip
    _alike(model, _ROWS)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"classlabels_ints": [0, 1], "intercepts": [0.1], "post_transform": "SOFTMAX"}, "SOFTMAX"),
        ({"classlabels_ints": [0, 1], "intercepts": [0.1], "post_transform": "PROBIT"}, "PROBIT"),
        ({"classlabels_ints": [0, 1, 2], "intercepts": [0.1]}, "3 labels and 1 scores"),
        ({"classlabels_ints": [0, 1]}, "0 scores"),
        ({"intercepts": [0.1]}, "of both kinds, or of none"),
    ],
)
def test_refuses_by_name_where_engines_differ(attributes: dict[str, Any], words: str) -> None:
    model = _model(
        "LinearClassifier",
        {"L": TensorProto.INT64, "Y": TensorProto.FLOAT},
        coefficients=[1.0] * 4,
        **attributes,
    )
    with pytest.raises(UncoveredError, match=words):
        by_tiny(model, {"X": _ROWS})
