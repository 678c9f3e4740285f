"""Operators on numbers answer as ONNX Runtime does, at the ends of their ranges, too."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper

from runtimes.core.errors import ModelError
from tests.runtimes.core.engines.tiny.running import by_onnxruntime, by_tiny, model_of

_CODES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "bool": TensorProto.BOOL,
}
_FLOATS = ("float32", "float64")
_NUMBERS = (*_FLOATS, "int64", "int32")
_EDGES: dict[str, list[Any]] = {
    "float32": [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, 1e-45, 3e38, -3e38, 16777217.0, np.inf, -np.inf, np.nan],
    "float64": [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, 5e-324, 1e308, -1e308, 2.0**53, np.inf, -np.inf, np.nan],
    "int64": [0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1],
    "int32": [0, 1, -1, 2**31 - 1, -(2**31)],
    "bool": [False, True],
}


def _arrays(dtype: str, shape: Any = (2, 3), *, edges: bool = True) -> st.SearchStrategy[Any]:
    plain: dict[str, st.SearchStrategy[Any]] = {
        "float32": st.floats(-50, 50, width=32),
        "float64": st.floats(-50, 50),
        "int64": st.integers(-1000, 1000),
        "int32": st.integers(-1000, 1000),
        "bool": st.booleans(),
    }
    elements = plain[dtype] | st.sampled_from(_EDGES[dtype]) if edges else plain[dtype]
    return hnp.arrays(dtype, shape, elements=elements.map(np.dtype(dtype).type))


def _end(name: str, dtype: str) -> Any:
    return helper.make_tensor_value_info(name, _CODES[dtype], None)


def _alike(
    kind: str,
    given: list[Any],
    gives: str,
    constants: dict[str, Any] | None = None,
    *,
    sums: bool = False,
    **attributes: Any,
) -> None:
    """The same bits where the operator only moves or compares, else the last bit may differ."""
    names = [f"in{at}" for at in range(len(given))]
    opset = attributes.pop("opset", 18)
    node = helper.make_node(kind, [*names, *(constants or {})], ["out"], **attributes)
    fixed = [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    ends = [_end(name, array.dtype.name) for name, array in zip(names, given, strict=True)]
    model = model_of([node], ends, [_end("out", gives)], fixed, onnx=opset)
    inputs = dict(zip(names, given, strict=True))
    (made,), (wanted,) = by_tiny(model, inputs), by_onnxruntime(model, inputs)
    assert (made.shape, made.dtype) == (wanted.shape, wanted.dtype)
    if wanted.dtype.kind == "f":
        tolerance = 3e-6 if wanted.dtype.itemsize == 4 else 1e-14
        # Sums that cancel are known no better than what was added, in whatever order engines add it.
        largest = max((float(np.abs(array).max(initial=0)) for array in given), default=0.0) if sums else 0.0
        np.testing.assert_allclose(made, wanted, rtol=tolerance, atol=tolerance * max(1.0, largest))
    else:
        np.testing.assert_array_equal(made, wanted)


@pytest.mark.parametrize("dtype", _NUMBERS)
@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Max", "Min"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_two_operands_of_shapes_that_fit(kind: str, dtype: str, data: st.DataObject) -> None:
    shapes = data.draw(st.sampled_from([((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 3))]))
    _alike(kind, [data.draw(_arrays(dtype, shape)) for shape in shapes], dtype)


@pytest.mark.parametrize("dtype", _NUMBERS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_quotients(dtype: str, data: st.DataObject) -> None:
    left, right = data.draw(_arrays(dtype)), data.draw(_arrays(dtype))
    if dtype.startswith("int"):  # by zero, and the smallest by -1, end the process of the other engine
        right[(right == 0) | (right == -1)] = 7
    _alike("Div", [left, right], dtype)


@pytest.mark.parametrize("dtype", _FLOATS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_powers(dtype: str, data: st.DataObject) -> None:
    exponents = hnp.arrays(dtype, (2, 3), elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, 0.5, -1.0, -2.0]))
    _alike("Pow", [data.draw(_arrays(dtype)), data.draw(exponents)], dtype)


@pytest.mark.parametrize("dtype", _NUMBERS)
@pytest.mark.parametrize("kind", ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_comparisons(kind: str, dtype: str, data: st.DataObject) -> None:
    _alike(kind, [data.draw(_arrays(dtype)), data.draw(_arrays(dtype, (3,)))], "bool")


_FUNCTIONS = [
    *[(kind, dtype) for kind in ("Sqrt", "Exp", "Log", "Tanh", "Erf", "Sigmoid", "Softplus", "Relu", "Floor",
                                 "Ceil", "Round", "Reciprocal") for dtype in _FLOATS],
    *[(kind, dtype) for kind in ("Neg", "Abs", "Sign") for dtype in _NUMBERS],
]  # fmt: skip


@pytest.mark.parametrize(("kind", "dtype"), [pair for pair in _FUNCTIONS if pair != ("Erf", "float64")])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_functions(kind: str, dtype: str, data: st.DataObject) -> None:
    values = data.draw(_arrays(dtype))
    if kind == "Sign" and dtype in _FLOATS:
        values = np.nan_to_num(values, nan=1.0)  # the sign of no number is no number here, 0 there
    if (kind, dtype) in (("Tanh", "float32"), ("Erf", "float32"), ("Sigmoid", "float32")):
        values = np.nan_to_num(values, nan=1.0)
    if (kind, dtype) == ("Softplus", "float64"):
        values = np.minimum(values, 700)  # beyond it the other engine overflows
    _alike(kind, [values], dtype)


@pytest.mark.parametrize("dtype", _FLOATS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_is_no_number_or_infinite(dtype: str, data: st.DataObject) -> None:
    values = data.draw(_arrays(dtype))
    _alike("IsNaN", [values], "bool")
    _alike("IsInf", [values], "bool", detect_negative=data.draw(st.integers(0, 1)), opset=20)


@pytest.mark.parametrize("source", [*_NUMBERS, "bool"])
@pytest.mark.parametrize("target", [*_NUMBERS, "bool"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_casts(source: str, target: str, data: st.DataObject) -> None:
    values = data.draw(_arrays(source))
    if source in _FLOATS and target.startswith("int"):  # beyond the range C leaves it open
        values = np.where(np.abs(values) < 2**31 - 200, values, values.dtype.type(-7.9))
    _alike("Cast", [values], target, to=_CODES[target])


@pytest.mark.parametrize("dtype", _NUMBERS)
@pytest.mark.parametrize(
    "kind", ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"]
)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_reductions_over_any_axes(kind: str, dtype: str, data: st.DataObject) -> None:
    if dtype.startswith("int") and kind in ("ReduceMean", "ReduceL2"):
        return  # refused by name
    if (kind, dtype) == ("ReduceL1", "int64"):
        return  # the other engine has none
    values = data.draw(_arrays(dtype, (2, 3, 4), edges=False))
    axes = np.array(data.draw(st.lists(st.integers(-3, 2), max_size=3, unique_by=lambda a: a % 3)), np.int64)
    _alike(kind, [values], dtype, {"axes": axes}, sums=True, keepdims=data.draw(st.integers(0, 1)))


@pytest.mark.parametrize("opset", [11, 18])
@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_shares_along_an_axis(kind: str, opset: int, data: st.DataObject) -> None:
    values = data.draw(_arrays("float32", (2, 3, 4), edges=False))
    _alike(kind, [values], "float32", axis=data.draw(st.integers(-3, 2)), opset=opset)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_products_of_matrices(data: st.DataObject) -> None:
    shapes = [
        ((2, 3), (3, 4)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((5, 2, 3), (3, 4)),
        ((5, 1, 2, 3), (2, 3, 4)),
        ((2, 0), (0, 4)),
        ((0, 3), (3, 4)),
    ]
    left, right = data.draw(st.sampled_from(shapes))
    dtype = data.draw(st.sampled_from(_FLOATS))
    one, other = data.draw(_arrays(dtype, left, edges=False)), data.draw(_arrays(dtype, right, edges=False))
    np.testing.assert_allclose(*_products(one, other, dtype), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("inner", "turned"), [(0, 0), (0, 1), (3, 0)])
def test_products_with_something_added(inner: int, turned: int) -> None:
    node = helper.make_node("Gemm", ["in0", "w", "c"], ["out"], transB=turned)
    fixed = [numpy_helper.from_array(np.ones((4, inner) if turned else (inner, 4), np.float32), "w")]
    ends = [_end(name, "float32") for name in ("in0", "c", "out")]
    model = model_of([node], ends[:2], ends[2:], fixed)
    given = {"in0": np.ones((2, inner), np.float32), "c": np.arange(4, dtype=np.float32)}
    np.testing.assert_array_equal(by_tiny(model, given)[0], by_onnxruntime(model, given)[0])
    with pytest.raises(ModelError) as caught:
        by_tiny(model, {**given, "c": np.arange(3, dtype=np.float32)})
    assert caught.value.about_input


def test_a_power_is_the_same_beside_one_that_is_too_large() -> None:
    node = helper.make_node("Exp", ["in0"], ["out"])
    model = model_of([node], [_end("in0", "float64")], [_end("out", "float64")])
    found = by_tiny(model, {"in0": np.array([705.0, 710.0, np.nan, 709.78])})[0]
    np.testing.assert_array_equal(
        found, by_tiny(model, {"in0": np.array([705.0, np.inf, np.nan, 709.78])})[0]
    )
    assert found[0] == pytest.approx(1.505253833063194e306)


def _products(one: Any, other: Any, dtype: str) -> tuple[Any, Any]:
    node = helper.make_node("MatMul", ["in0", "w"], ["out"])
    fixed = [numpy_helper.from_array(other, "w")]
    model = model_of([node], [_end("in0", dtype)], [_end("out", dtype)], fixed)
    return by_tiny(model, {"in0": one})[0], by_onnxruntime(model, {"in0": one})[0]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_first_of_equal_ones_is_the_largest(data: st.DataObject) -> None:
    small = st.integers(0, 2).map(float)
    values = data.draw(hnp.arrays("float32", (3, 4), elements=small))
    axis, keep, last = data.draw(st.tuples(st.integers(-2, 1), st.integers(0, 1), st.integers(0, 1)))
    for kind in ("ArgMax", "ArgMin"):
        _alike(kind, [values], "int64", axis=axis, keepdims=keep, select_last_index=last)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_running_totals(data: st.DataObject) -> None:
    values, axis = data.draw(_arrays("int64", (3, 4), edges=False)), data.draw(st.integers(-2, 1))
    flags: dict[str, Any] = {name: data.draw(st.integers(0, 1)) for name in ("exclusive", "reverse")}
    _alike("CumSum", [values], "int64", {"axis": np.array(axis, np.int64)}, **flags)
