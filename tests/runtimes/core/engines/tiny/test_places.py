"""Operators that move values answer as ONNX Runtime does, and say so where shapes do not fit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from runtimes.core.errors import ModelError
from tests.runtimes.core.engines.tiny.running import by_onnxruntime, by_tiny, model_of

_VALUES = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def _model(kind: str, constants: dict[str, Any], outputs: int = 1, opset: int = 18, **attributes: Any) -> Any:
    names = [f"out{at}" for at in range(outputs)]
    node = helper.make_node(kind, ["X", *constants], names, **attributes)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("X", *names)]
    fixed = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    return model_of([node], ends[:1], ends[1:], fixed, onnx=opset)


def _alike(kind: str, constants: dict[str, Any], values: Any = _VALUES, **settings: Any) -> None:
    model = _model(kind, constants, **settings)
    made, wanted = by_tiny(model, {"X": values}), by_onnxruntime(model, {"X": values})
    for one, other in zip(made, wanted, strict=True):
        assert one.shape == other.shape
        np.testing.assert_array_equal(one, other)


_BOUNDS = st.integers(-6, 6) | st.sampled_from([2**62, -(2**62)])


@settings(max_examples=60, deadline=None)
@given(axis=st.integers(-3, 2), start=_BOUNDS, end=_BOUNDS, step=st.sampled_from([1, 2, -1, -2]))
def test_parts_between_bounds(axis: int, start: int, end: int, step: int) -> None:
    bounds = {"starts": [start], "ends": [end], "axes": [axis], "steps": [step]}
    _alike("Slice", {name: np.array(value, np.int64) for name, value in bounds.items()})


@settings(max_examples=40, deadline=None)
@given(
    axis=st.integers(-3, 2),
    places=st.lists(st.integers(-2, 1), min_size=1, max_size=4),
    folded=st.booleans(),
)
def test_values_at_places(axis: int, places: list[int], folded: bool) -> None:
    indices = np.array(places, np.int64)
    _alike("Gather", {"indices": indices[:, None] if folded else indices}, axis=axis)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), axis=st.integers(-3, 2))
def test_values_at_places_of_each_line(data: st.DataObject, axis: int) -> None:
    shape = [2, 3, 4]
    shape[axis] = 2
    places = data.draw(st.lists(st.integers(-2, 1), min_size=24, max_size=24))
    indices = np.array(places[: int(np.prod(shape))], np.int64).reshape(shape)
    _alike("GatherElements", {"indices": indices}, axis=axis)


@settings(max_examples=30, deadline=None)
@given(order=st.permutations([0, 1, 2]), axis=st.integers(-3, 2), repeats=st.tuples(*[st.integers(0, 3)] * 3))
def test_axes_in_another_order_and_repeated(order: list[int], axis: int, repeats: tuple[int, ...]) -> None:
    _alike("Transpose", {}, perm=order)
    _alike("Tile", {"repeats": np.array(repeats, np.int64)})
    _alike("Flatten", {}, axis=axis)


@pytest.mark.parametrize("shape", [[6, 4], [-1], [0, -1], [2, 0, -1], [1, 24, 1, 1]])
def test_another_shape(shape: list[int]) -> None:
    _alike("Reshape", {"shape": np.array(shape, np.int64)})


@pytest.mark.parametrize("axes", [[0], [-1], [0, 2], [1, -1]])
def test_sizes_of_one_come_and_go(axes: list[int]) -> None:
    _alike("Unsqueeze", {"axes": np.array(axes, np.int64)})
    _alike("Squeeze", {"axes": np.array([0, -1], np.int64)}, values=_VALUES[:1, :, :1])
    _alike("Squeeze", {}, values=_VALUES[:1, :, :1])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_values_side_by_side_and_apart(axis: int) -> None:
    _alike("Concat", {"other": _VALUES}, axis=axis)
    sizes = np.array([1, _VALUES.shape[axis] - 1], np.int64)
    _alike("Split", {"split": sizes}, outputs=2, axis=axis)
    _alike("Split", {}, outputs=2, axis=axis, num_outputs=2)


@pytest.mark.parametrize("shape", [[3, 1], [2, 3, 4], [5, 2, 3, 4], [1]])
def test_a_larger_shape(shape: list[int]) -> None:
    _alike("Expand", {"shape": np.array(shape, np.int64)})


@settings(max_examples=30, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 3).map(float), min_size=6, max_size=6),
    count=st.integers(0, 2),
    largest=st.integers(0, 1),
    axis=st.integers(-2, 1),
)
def test_the_first_of_equal_ones_come_first(
    numbers: list[float], count: int, largest: int, axis: int
) -> None:
    node = helper.make_node("TopK", ["X", "k"], ["values", "places"], largest=largest, axis=axis)
    ends = [
        helper.make_tensor_value_info(name, of, None)
        for name, of in (
            ("X", TensorProto.FLOAT),
            ("values", TensorProto.FLOAT),
            ("places", TensorProto.INT64),
        )
    ]
    fixed = [numpy_helper.from_array(np.array([count], np.int64), "k")]
    model = model_of([node], ends[:1], ends[1:], fixed)
    given = {"X": np.array(numbers, np.float32).reshape(2, 3)}
    for made, wanted in zip(by_tiny(model, given), by_onnxruntime(model, given), strict=True):
        np.testing.assert_array_equal(made, wanted)


@pytest.mark.parametrize(
    ("kind", "constants", "attributes"),
    [
        ("Gather", {"indices": [3]}, {"axis": 1}),
        ("GatherElements", {"indices": [[[9]]]}, {"axis": 1}),
        ("Reshape", {"shape": [5, 5]}, {}),
        ("Squeeze", {"axes": [1]}, {}),
        ("Expand", {"shape": [2, 5, 4]}, {}),
        ("Expand", {"shape": [-1, 3, 4]}, {}),
        ("Tile", {"repeats": [1, -1, 1]}, {}),
        ("Split", {"split": [1, 1]}, {"axis": 1, "outputs": 2}),
        ("Split", {}, {"axis": 1, "outputs": 5, "num_outputs": 5}),
    ],
)
def test_values_that_do_not_fit_are_the_requests_fault(
    kind: str, constants: dict[str, Any], attributes: dict[str, Any]
) -> None:
    fixed = {name: np.array(value, np.int64) for name, value in constants.items()}
    with pytest.raises(ModelError) as caught:
        by_tiny(_model(kind, fixed, **attributes), {"X": _VALUES})
    assert caught.value.about_input
