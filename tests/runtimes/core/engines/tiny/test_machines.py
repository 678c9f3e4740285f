"""Support vector machines answer as ONNX Runtime does."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from packager.converters.tiny.node import UncoveredError
from tests.runtimes.core.engines.tiny.running import by_onnxruntime, by_tiny, model_of

_SIZES = [3, 2, 4, 2]


def _attributes(kernel: str, classes: int) -> dict[str, Any]:
    random = np.random.default_rng(classes)
    sizes = _SIZES[:classes]
    pairs = classes * (classes - 1) // 2
    return {
        "kernel_type": kernel, "kernel_params": [0.3, 0.2, 2.0], "vectors_per_class": sizes,
        "support_vectors": random.normal(size=sum(sizes) * 3).tolist(),
        "coefficients": random.normal(size=(classes - 1) * sum(sizes)).tolist(),
        "rho": random.normal(size=pairs).tolist(), "prob_a": (-1 - random.random(pairs)).tolist(),
        "prob_b": random.normal(size=pairs).tolist(), "post_transform": "NONE",
        "classlabels_strings": list("abcd")[:classes],
    }  # fmt: skip


def _model(attributes: dict[str, Any], takes: int = TensorProto.FLOAT) -> Any:
    node = helper.make_node("SVMClassifier", ["X"], ["L", "Y"], domain="ai.onnx.ml", **attributes)
    given = {"X": takes, "L": TensorProto.STRING, "Y": TensorProto.FLOAT}
    ends = [helper.make_tensor_value_info(name, of, None) for name, of in given.items()]
    return model_of([node], ends[:1], ends[1:])


@pytest.mark.parametrize("kernel", ["LINEAR", "POLY", "RBF", "SIGMOID"])
@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("takes", [TensorProto.FLOAT, TensorProto.DOUBLE])
def test_couples_the_shares_of_every_two_classes(kernel: str, classes: int, takes: int) -> None:
    rows = np.random.default_rng(7).normal(size=(40, 3)).astype(helper.tensor_dtype_to_np_dtype(takes))
    model = _model(_attributes(kernel, classes), takes)
    (label, shares), (wanted, known) = by_tiny(model, {"X": rows}), by_onnxruntime(model, {"X": rows})
    assert label.tolist() == wanted.tolist()
    np.testing.assert_allclose(shares, known, rtol=2e-5, atol=2e-6)


def _regressor(kernel: str, one_class: int, **changes: Any) -> Any:
    known = _attributes(kernel, 2)
    attributes = {
        **{name: known[name] for name in ("kernel_type", "kernel_params", "support_vectors", "rho")},
        "coefficients": known["coefficients"], "n_supports": 5, "one_class": one_class, **changes,
    }  # fmt: skip
    node = helper.make_node("SVMRegressor", ["X"], ["Y"], domain="ai.onnx.ml", **attributes)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "XY"]
    return model_of([node], ends[:1], ends[1:])


@pytest.mark.parametrize("kernel", ["LINEAR", "POLY", "RBF", "SIGMOID"])
@pytest.mark.parametrize("one_class", [0, 1])
def test_weighs_the_kernels_of_the_vectors(kernel: str, one_class: int) -> None:
    rows = np.random.default_rng(7).normal(size=(40, 3)).astype(np.float32)
    model = _regressor(kernel, one_class)
    (made,), (wanted,) = by_tiny(model, {"X": rows}), by_onnxruntime(model, {"X": rows})
    np.testing.assert_allclose(made, wanted, rtol=2e-5, atol=2e-6)


def test_refuses_regressors_whose_tables_do_not_fit() -> None:
    with pytest.raises(UncoveredError, match="do not fit each other"):
        by_tiny(_regressor("RBF", 0, n_supports=4), {"X": np.zeros((1, 3), np.float32)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prob_a": None, "prob_b": None}, "without probabilities"),
        ({"post_transform": "SOFTMAX"}, "post_transform 'SOFTMAX'"),
        ({"rho": [0.1]}, "do not fit each other"),
        ({"kernel_type": "POLY", "kernel_params": [0.1, 0.1, 2.5]}, "a degree that is not whole"),
    ],
)
def test_refuses_by_name_what_it_cannot_do_alike(change: dict[str, Any], words: str) -> None:
    attributes = {**_attributes("RBF", 3), **change}
    model = _model({name: value for name, value in attributes.items() if value is not None})
    with pytest.raises(UncoveredError, match=words):
        by_tiny(model, {"X": np.zeros((1, 3), np.float32)})
