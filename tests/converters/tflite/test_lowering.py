"""The lowering of each operator answers as ONNX Runtime does, for many rows and for one."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from packager.converters.tensors import Array
from packager.converters.tflite.lowering.graph import lower
from packager.converters.tflite.lowering.kit import UncoveredError
from tests.converters.tflite.lowered import Named, assert_alike, both, graph, ml, signature

RANDOM = np.random.default_rng(0)
X: Named = {"X": ("float32", ["batch", 3])}
PLACES: Named = {"X": ("int64", ["batch", 1])}
ROWS = {"X": np.vstack([RANDOM.normal(size=(20, 3)), np.zeros((1, 3)), -np.ones((1, 3))]).astype(np.float32)}
WHOLE = {"X": np.array([[1], [5], [-3], [7], [2**40]], np.int64)}
GAPS = {"X": np.where(RANDOM.random((20, 3)) < 0.3, np.nan, RANDOM.normal(size=(20, 3))).astype(np.float32)}
ONE: Named = {"Y": ("float32", ["batch", 3])}
SCORES: Named = {"label": ("int64", ["batch"]), "Y": ("float32", ["batch", 2])}


def classifier(rows: int, post: str, labels: list[int]) -> Any:
    return ml(
        "LinearClassifier",
        ["X"],
        ["label", "Y"],
        coefficients=[float(number) for number in np.linspace(-1, 2, 3 * rows)],
        intercepts=[0.1 * at for at in range(rows)],
        classlabels_ints=labels,
        post_transform=post,
    )


TABLES: dict[str, tuple[Any, Named, Named, dict[str, Array]]] = {
    "LinearClassifier": (classifier(2, "NONE", [4, 9]), X, SCORES, ROWS),
    "LinearClassifier, logistic": (classifier(2, "LOGISTIC", [4, 9]), X, SCORES, ROWS),
    "LinearClassifier, softmax": (classifier(2, "SOFTMAX", [4, 9]), X, SCORES, ROWS),
    "LinearClassifier of one score": (classifier(1, "NONE", [4, 9]), X, SCORES, ROWS),
    "LinearClassifier of one score, logistic": (classifier(1, "LOGISTIC", [4, 9]), X, SCORES, ROWS),
    "LinearRegressor": (
        ml(
            "LinearRegressor",
            ["X"],
            ["Y"],
            coefficients=[0.5, 1.0, -2.0] * 3,
            intercepts=[1.0, 2.0, 3.0],
            targets=3,
        ),
        X,
        ONE,
        ROWS,
    ),
    "Scaler": (ml("Scaler", ["X"], ["Y"], offset=[1.0, 2, 3], scale=[0.5, 2, 3]), X, ONE, ROWS),
    "Binarizer": (ml("Binarizer", ["X"], ["Y"], threshold=0.1), X, ONE, ROWS),
    "Imputer": (
        ml("Imputer", ["X"], ["Y"], imputed_value_floats=[1.0, 2, 3], replaced_value_float=float("nan")),
        X,
        ONE,
        GAPS,
    ),
    "Imputer of whole numbers": (
        ml("Imputer", ["X"], ["Y"], imputed_value_int64s=[70], replaced_value_int64=-3),
        PLACES,
        {"Y": ("int64", ["batch", 1])},
        WHOLE,
    ),
    "OneHotEncoder": (
        ml("OneHotEncoder", ["X"], ["Y"], cats_int64s=[7, 1, 2**40], zeros=1),
        PLACES,
        {"Y": ("float32", ["batch", 1, 3])},
        WHOLE,
    ),
    "LabelEncoder": (
        ml("LabelEncoder", ["X"], ["Y"], keys_int64s=[5, 2**40], values_int64s=[50, 60], default_int64=-1),
        PLACES,
        {"Y": ("int64", ["batch", 1])},
        WHOLE,
    ),
    "LabelEncoder with a key that nothing equals": (
        ml(
            "LabelEncoder",
            ["X"],
            ["Y"],
            keys_floats=[0.0, float("nan"), -1.0],
            values_floats=[3.0, 4.0, 5.0],
            default_float=9.0,
        ),
        X,
        ONE,
        {"X": np.array([[0, np.nan, 1], [-1, 2, np.nan]], np.float32)},
    ),
    "ArrayFeatureExtractor": (
        ml("ArrayFeatureExtractor", ["X", "places"], ["Y"]),
        X,
        {"Y": ("float32", ["batch", 2])},
        ROWS,
    ),
    **{
        f"Normalizer {norm}": (ml("Normalizer", ["X"], ["Y"], norm=norm), X, ONE, ROWS)
        for norm in ("MAX", "L1", "L2")
    },
}


@pytest.mark.parametrize("name", TABLES)
def test_an_operator_of_tables_answers_as_in_onnx_runtime(name: str) -> None:
    node, inputs, outputs, rows = TABLES[name]
    held = {"places": np.array([2, 0], np.int64)} if "places" in node.input else {}
    assert_alike(both([node], inputs, outputs, rows, **held))


def node(kind: str, *inputs: str, **attributes: Any) -> Any:
    return helper.make_node(kind, list(inputs) or ["X"], ["Y"], **attributes)


MATRIX = RANDOM.normal(size=(3, 4)).astype(np.float32)
AXES = np.array([1], np.int64)
FLAGS: Named = {"Y": ("bool", ["batch", 3])}
FOUR: Named = {"Y": ("float32", ["batch", 4])}
COLUMN: Named = {"Y": ("float32", ["batch", 1])}
FLAT: Named = {"Y": ("float32", ["batch"])}
PLACE: Named = {"Y": ("int64", ["batch"])}
PLAIN: dict[str, tuple[Any, Named, dict[str, Array]]] = {
    **{kind: (node(kind), ONE, {}) for kind in ("Abs", "Ceil", "Exp", "Floor", "Neg", "Relu", "Round")},
    **{kind: (node(kind), ONE, {}) for kind in ("Sigmoid", "Sign", "Tanh", "Identity", "Softmax")},
    **{kind: (node(kind, "X", "c"), ONE, {"c": MATRIX[:, 0]}) for kind in ("Add", "Sub", "Mul", "Div")},
    **{kind: (node(kind, "X", "c", "X"), ONE, {"c": MATRIX[:, 0]}) for kind in ("Max", "Min", "Sum", "Mean")},
    **{kind: (node(kind, "X", "c"), FLAGS, {"c": np.zeros(3, np.float32)}) for kind in ("Less", "Greater")},
    **{
        kind: (node(kind, "X", "c"), FLAGS, {"c": -np.ones(1, np.float32)})
        for kind in ("Equal", "LessOrEqual")
    },
    **{
        kind: (node(kind, "X", "a"), COLUMN, {"a": AXES}) for kind in ("ReduceSum", "ReduceMax", "ReduceMean")
    },
    **{
        kind: (node(kind, "X", "a"), COLUMN, {"a": AXES})
        for kind in ("ReduceMin", "ReduceL2", "ReduceLogSumExp")
    },
    "ReduceSum without the axis": (node("ReduceSum", "X", "a", keepdims=0), FLAT, {"a": AXES}),
    "ArgMax": (node("ArgMax", axis=1, keepdims=0), PLACE, {}),
    "ArgMin": (node("ArgMin", axis=-1, keepdims=0), PLACE, {}),
    "MatMul": (node("MatMul", "X", "c"), FOUR, {"c": MATRIX}),
    "Gemm": (node("Gemm", "X", "c", "b", alpha=0.5, beta=2.0), FOUR, {"c": MATRIX, "b": MATRIX[0]}),
    "Gemm transposed": (node("Gemm", "X", "c", transB=1), FOUR, {"c": np.ascontiguousarray(MATRIX.T)}),
    "Clip": (
        node("Clip", "X", "low", "high"),
        ONE,
        {"low": np.array(-0.5, np.float32), "high": np.array(0.5, np.float32)},
    ),
    "Gather": (node("Gather", "X", "c", axis=1), COLUMN, {"c": np.array([-1], np.int64)}),
    "Pow": (node("Pow", "X", "c"), ONE, {"c": np.array(2, np.float32)}),
    "Reshape": (
        node("Reshape", "X", "c"),
        {"Y": ("float32", ["batch", 1, 3])},
        {"c": np.array([-1, 1, 3], np.int64)},
    ),
    "Reshape that keeps the batch": (
        node("Reshape", "X", "c"),
        {"Y": ("float32", ["batch", 3, 1])},
        {"c": np.array([0, -1, 1], np.int64)},
    ),
    "Unsqueeze": (node("Unsqueeze", "X", "a"), {"Y": ("float32", ["batch", 1, 3])}, {"a": AXES}),
    "Cast to whole numbers": (node("Cast", to=TensorProto.INT64), {"Y": ("int64", ["batch", 3])}, {}),
    "Cast to flags": (node("Cast", to=TensorProto.BOOL), FLAGS, {}),
    "IsNaN": (node("IsNaN"), FLAGS, {}),
    "Concat": (node("Concat", "X", "X", axis=1), {"Y": ("float32", ["batch", 6])}, {}),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_operator_answers_as_in_onnx_runtime(name: str) -> None:
    made, outputs, held = PLAIN[name]
    assert_alike(both([made], X, outputs, GAPS if name == "IsNaN" else ROWS, **held))


def test_what_is_known_before_is_computed_before() -> None:
    nodes = [
        helper.make_node("Concat", ["one", "two"], ["shape"], axis=0),
        helper.make_node("Reshape", ["X", "shape"], ["Y"]),
    ]
    held = {"one": np.array([-1], np.int64), "two": np.array([3, 1], np.int64)}
    assert_alike(both(nodes, X, {"Y": ("float32", ["batch", 3, 1])}, ROWS, **held))


def test_texts_become_places_among_the_class_labels() -> None:
    outputs: Named = {"label": ("int64", ["batch"]), "Y": ("float32", ["batch", 2])}
    made = classifier(2, "NONE", [0, 1])
    (numbers,) = [one for one in made.attribute if one.name == "classlabels_ints"]
    made.attribute.remove(numbers)
    made.attribute.append(helper.make_attribute("classlabels_strings", ["no", "yes"]))
    (label, _), *_ = both([classifier(2, "NONE", [1, 0])], X, outputs, ROWS)
    file = lower(graph([made], X, outputs), signature(X, outputs, ("yes", "no")))
    from ai_edge_litert.interpreter import Interpreter

    assert Interpreter(model_content=file).get_signature_runner()(**ROWS)["label"].tolist() == label.tolist()


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (node("Erf"), "Erf"),
        (node("ReduceSum", "X", "rows"), "over the rows of the batch"),
        (node("Softmax", axis=0), "another axis"),
        (node("Reshape", "X", "fixed"), "fixed number of rows"),
        (ml("LinearClassifier", ["X"], ["Y"], coefficients=[1.0] * 6, classlabels_strings=["a", "b"]), "'a'"),
        (ml("Normalizer", ["X"], ["Y"], norm="L9"), "L9"),
    ],
)
def test_refuses_by_name_what_has_no_lowering(made: Any, named: str) -> None:
    held = {"rows": np.array([0], np.int64), "fixed": np.array([2, 3], np.int64)}
    with pytest.raises(UncoveredError, match=named):
        lower(graph([made], X, ONE, held), signature(X, ONE))
