"""Tables of labels, scales, gaps and flags answer as ONNX Runtime does, or are refused by name."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper

from packager.converters.tiny.node import UncoveredError
from runtimes.core.errors import ModelError
from tests.runtimes.core.engines.tiny.running import by_onnxruntime, by_tiny, model_of

_FLOATS = st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf])
_TYPES = {
    "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64,
    "int32": TensorProto.INT32, "string": TensorProto.STRING,
}  # fmt: skip


def _model(kind: str, takes: str, gives: str, ml: int = 3, **attributes: Any) -> Any:
    node = helper.make_node(kind, ["X"], ["Y"], domain="ai.onnx.ml", **attributes)
    ends = [
        helper.make_tensor_value_info(name, _TYPES[of], None) for name, of in (("X", takes), ("Y", gives))
    ]
    return model_of([node], ends[:1], ends[1:], ml=ml)


def _alike(model: Any, inputs: Any) -> None:
    (made,), (wanted,) = by_tiny(model, {"X": inputs}), by_onnxruntime(model, {"X": inputs})
    assert (made.shape, made.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_array_equal(made, wanted)


def _tables(elements: Any, dtype: Any) -> Any:
    return st.lists(st.lists(elements, min_size=3, max_size=3), min_size=1, max_size=4).map(
        lambda found: np.array(found, dtype=dtype)
    )


_NUMBER_TABLES = _tables(_FLOATS, np.float32)
_WORDS = st.sampled_from(["", "a", "b", "ä", "long text", "_Unused"])


@settings(max_examples=25, deadline=None)
@given(_tables(_WORDS, object))
def test_exchanges_texts_for_numbers_and_texts(inputs: Any) -> None:
    keys = ["", "a", "ä"]
    _alike(_model("LabelEncoder", "string", "int64", keys_strings=keys, values_int64s=[4, -5, 6]), inputs)
    _alike(
        _model("LabelEncoder", "string", "string", keys_strings=keys, values_strings=["x", "", "z"]), inputs
    )
    encoder = _model(
        "LabelEncoder", "string", "float32", keys_strings=keys, values_floats=[0.1, 2.0, -1.0],
        default_float=float("nan"),
    )  # fmt: skip
    _alike(encoder, inputs)


@settings(max_examples=25, deadline=None)
@given(_NUMBER_TABLES)
def test_exchanges_numbers(inputs: Any) -> None:
    keys: dict[str, Any] = {"keys_floats": [0.0, 1.0, float("inf")], "values_int64s": [1, 2, 3]}
    _alike(_model("LabelEncoder", "float32", "int64", **keys), inputs)
    doubles: dict[str, Any] = {
        "keys_tensor": numpy_helper.from_array(np.array([0.0, np.nan, 1.0])),
        "values_tensor": numpy_helper.from_array(np.array([0.1, -7.0, 3.0])),
        "default_tensor": numpy_helper.from_array(np.array([0.5])),
    }
    _alike(_model("LabelEncoder", "float64", "float64", ml=4, **doubles), inputs.astype(np.float64))


def test_knows_the_first_form_of_the_label_encoder() -> None:
    words: dict[str, Any] = {"classes_strings": ["a", "b"], "default_int64": -3, "default_string": "none"}
    _alike(
        _model("LabelEncoder", "string", "int64", ml=1, **words), np.array([["b", "a", "c"]], dtype=object)
    )
    _alike(_model("LabelEncoder", "int64", "string", ml=1, **words), np.array([[1, 0, 7, -1]]))


def test_maps_categories_both_ways() -> None:
    both: dict[str, Any] = {"cats_int64s": [3, 9], "cats_strings": ["low", "high"], "default_int64": -3}
    texts = np.array([["low"], ["high"], ["?"]], dtype=object)
    _alike(_model("CategoryMapper", "string", "int64", **both), texts)
    _alike(_model("CategoryMapper", "int64", "string", **both), np.array([[9], [3], [4]]))


@pytest.mark.parametrize("gap", [float("nan"), 1.0, 0.0])
@pytest.mark.parametrize("fills", [[0.25], [0.25, -1.0, 7.5]])
@settings(max_examples=15, deadline=None)
@given(inputs=_NUMBER_TABLES)
def test_fills_gaps(gap: float, fills: list[float], inputs: Any) -> None:
    model = _model(
        "Imputer", "float32", "float32", imputed_value_floats=fills, replaced_value_float=gap
    )  # fmt: skip
    _alike(model, inputs)


def test_fills_whole_numbers() -> None:
    model = _model("Imputer", "int64", "int64", imputed_value_int64s=[5, 6], replaced_value_int64=-1)
    _alike(model, np.array([[-1, -1], [0, 2**40]]))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32"])
@pytest.mark.parametrize("sides", [([0.1, 2.0, -3.0], [0.3, 1e-3, 7.0]), ([0.1], [0.3])])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_scales_columns(dtype: str, sides: tuple[list[float], list[float]], data: Any) -> None:
    elements = _FLOATS if dtype.startswith("f") else st.integers(-(2**30), 2**30)
    inputs = data.draw(_tables(elements, dtype))
    _alike(_model("Scaler", dtype, "float32", offset=sides[0], scale=sides[1]), inputs)


@pytest.mark.parametrize("norm", ["L1", "L2"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_makes_rows_of_length_one(norm: str, dtype: str, data: Any) -> None:
    elements = st.floats(-1e3, 1e3, width=32) | st.sampled_from([1e-30, -1e-20, 1e-45, 1e20])
    inputs = data.draw(_tables(elements, dtype))
    model = _model("Normalizer", dtype, "float32", norm=norm)
    (made,), (wanted,) = by_tiny(model, {"X": inputs}), by_onnxruntime(model, {"X": inputs})
    np.testing.assert_allclose(made, wanted, rtol=1e-6, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(_NUMBER_TABLES)
def test_makes_two_values_of_many(inputs: Any) -> None:
    model = _model("Binarizer", "float32", "float32", threshold=0.5)
    _alike(model, np.nan_to_num(inputs))
    if np.isnan(inputs).any():
        with pytest.raises(ModelError, match="neither above the threshold nor below"):
            by_tiny(model, {"X": inputs})


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.int64, (2, 3), elements=st.integers(0, 5)))
def test_gives_each_category_a_column(inputs: Any) -> None:
    _alike(_model("OneHotEncoder", "int64", "float32", cats_int64s=[4, 0, 2]), inputs)
    _alike(
        _model("OneHotEncoder", "string", "float32", cats_strings=["4", "0"]),
        inputs.astype(str).astype(object),
    )


def test_refuses_a_category_that_a_strict_model_does_not_know() -> None:
    model = _model("OneHotEncoder", "int64", "float32", cats_int64s=[4, 0], zeros=0)
    with pytest.raises(ModelError, match="a category that the model does not know"):
        by_tiny(model, {"X": np.array([[1]])})


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 3, 4)])
def test_chooses_columns(shape: tuple[int, ...]) -> None:
    node = helper.make_node("ArrayFeatureExtractor", ["X", "P"], ["Y"], domain="ai.onnx.ml")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "XY"]
    places = numpy_helper.from_array(np.array([[3, 0, 3]]), "P")
    _alike(model_of([node], ends[:1], ends[1:], [places]), np.random.default_rng(0).random(shape, np.float32))


@pytest.mark.parametrize(
    ("kind", "attributes", "words"),
    [
        ("Normalizer", {"norm": "MAX"}, "norm MAX"),
        ("LabelEncoder", {"keys_floats": [float("nan")], "values_floats": [1.0]}, "a key that is no number"),
        ("LabelEncoder", {"keys_floats": [1.0, 1.0], "values_floats": [1.0, 2.0]}, "two entries for one key"),
        ("LabelEncoder", {"keys_strings": ["a"], "values_floats": [1.0]}, "other keys"),
        ("Imputer", {"replaced_value_float": 0.0}, "without values"),
        ("Scaler", {"offset": [1.0]}, "without an offset or a scale"),
        ("OneHotEncoder", {"cats_int64s": [1]}, "OneHotEncoder of float32"),
    ],
)
def test_refuses_by_name_what_is_vague(kind: str, attributes: dict[str, Any], words: str) -> None:
    with pytest.raises(UncoveredError, match=words):
        by_tiny(_model(kind, "float32", "float32", **attributes), {"X": np.zeros((1, 1), np.float32)})
