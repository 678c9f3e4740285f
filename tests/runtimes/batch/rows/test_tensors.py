"""Models without features read lists, arrays and nested columns as the function reads nested JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from runtimes.batch.errors import JobError
from runtimes.core.predictor import Predictor
from tests.artifacts import make_root
from tests.runtimes.batch.rows.asking import bind, check_same, predict
from tests.runtimes.core import models, tflite_models

PIXELS = np.random.default_rng(0).random((5, 2, 4, 4), dtype=np.float32)
LISTS = pa.list_(pa.list_(pa.list_(pa.float64())))


def fixed(values: np.ndarray) -> pa.Array:
    """An array as nested lists of fixed sizes."""
    column = pa.array(values.reshape(-1))
    for size in reversed(values.shape[1:]):
        column = pa.FixedSizeListArray.from_arrays(column, size)
    return column


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Predictor]:
    """The model that a test names."""
    file = "model.tflite" if "tflite" in request.param.__module__ else "model.onnx"
    with Predictor(str(make_root(tmp_path / "root", *request.param(), file=file))) as predictor:
        yield predictor


def one(column: pa.Array, name: str = "pixels") -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([column], [name])


@pytest.mark.parametrize("opened", [models.image, tflite_models.image], indirect=True)
@pytest.mark.parametrize(
    "column",
    [
        fixed(PIXELS),
        fixed(PIXELS).slice(1, 3),
        fixed(PIXELS.astype(np.float64)),
        pa.array(PIXELS.tolist(), LISTS),
        pa.array(PIXELS.tolist(), pa.large_list(pa.list_view(pa.list_(pa.float32())))),
    ],
)
def test_images_are_lists_of_any_kind(opened: Predictor, column: pa.Array) -> None:
    name = opened.manifest.signature.inputs[0].name
    shape = opened.manifest.signature.inputs[0].shape[1:]
    if shape == (2, 4, 4):
        assert check_same(opened, one(column, name), messages=False).taken is None
    else:
        flat = PIXELS.reshape(5, *[int(dim) for dim in shape])
        assert check_same(opened, one(fixed(flat), name), messages=False).taken is None


@pytest.mark.parametrize("opened", [models.image], indirect=True)
def test_what_is_stored_flat_or_as_a_tensor_is_the_same(opened: Predictor) -> None:
    expected = predict(opened, one(fixed(PIXELS))).answers
    flat = one(fixed(PIXELS.reshape(5, 32)))
    assert predict(opened, flat).answers == expected
    tensors = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [2, 4, 4]), flat.column(0))
    assert predict(opened, one(tensors)).answers == expected
    assert predict(opened, one(fixed(PIXELS), "array")).answers == expected


def dirty_images() -> pa.Array:
    rows: list[Any] = PIXELS.tolist()
    rows += [
        None,
        [[[0.5] * 4] * 4],  # one channel
        [[[0.5] * 4] * 4, [[0.5] * 3] * 4],  # ragged
        [[[0.5] * 4] * 4, [[0.5] * 4] * 3 + [[0.5, None, 0.5, 0.5]]],
        [[[0.5] * 4] * 4, [[float("nan")] * 4] * 4],
        [[[0.5] * 4] * 4, [[1e39] * 4] * 4],
        [[[0.5] * 4] * 4, None],
    ]
    return pa.array(rows + rows[:2], LISTS)


@pytest.mark.parametrize("opened", [models.image], indirect=True)
def test_images_that_are_none_are_refused_alone(opened: Predictor) -> None:
    predicted = check_same(opened, one(dirty_images()), messages=False)
    reasons = ["missing", "wrong_length", "wrong_length", "missing", "not_finite", "too_large", "missing"]
    assert [one.reason for one in predicted.refused] == reasons
    assert predicted.refused[3].message == "pixels[1][3][1] must be a number, not null"
    assert predicted.refused[1].message == "pixels takes the shape [1, 2, 4, 4], not [1, 1, 4, 4]"


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_a_model_of_a_fixed_batch_takes_any_number_of_rows(tmp_path: Path, batch: int) -> None:
    with Predictor(str(make_root(tmp_path / "root", *models.image(batch)))) as predictor:
        check_same(predictor, one(dirty_images()), messages=False)


@pytest.mark.parametrize("opened", [models.embedding, tflite_models.embedding], indirect=True)
def test_sequences_of_any_length_are_answered_and_what_the_model_refuses_is_refused_alone(
    opened: Predictor,
) -> None:
    spec = opened.manifest.signature.inputs[0]
    rows: list[Any] = [[0, 1], [4], [2, 3], [9, 0], [1, None], [], None, [3, 3], [0], [5]]
    if isinstance(spec.shape[1], int):
        rows = [row if row is None else (row * 9 + [0] * 9)[: spec.shape[1]] for row in rows]
    predicted = check_same(opened, one(pa.array(rows, pa.list_(pa.int32())), spec.name), messages=False)
    assert {one.reason for one in predicted.refused} >= {"missing"}


@pytest.mark.parametrize("opened", [models.embedding], indirect=True)
def test_the_row_that_the_model_refuses_has_its_code(opened: Predictor) -> None:
    batch = one(pa.array([[0], [1], [7], [2]], pa.list_(pa.int64())), "tokens")
    (refused,) = predict(opened, batch).refused
    assert (refused.row, refused.column, refused.reason) == (2, None, "refused_by_model")
    assert refused.message.startswith("the model cannot process this input: ")


@pytest.mark.parametrize("opened", [models.switch], indirect=True)
def test_inputs_of_several_dtypes_have_a_column_each(opened: Predictor) -> None:
    rows = [
        ([True, False], [1, 2], [3, 4]),
        ([False, False], [5, None], [7, 8]),
        ([True, True], [0, 0], [1e308, 1e308]),
    ]
    columns = zip(*rows, strict=True)
    kinds = {"flag": pa.list_(pa.bool_()), "a": pa.list_(pa.int8()), "b": pa.list_(pa.float64(), 2)}
    batch = pa.record_batch(
        [pa.array(column, kind) for column, kind in zip(columns, kinds.values(), strict=True)], list(kinds)
    )
    assert [one.row for one in check_same(opened, batch, messages=False).refused] == [1]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float32", "string"])
def test_every_dtype_goes_in_and_out(tmp_path: Path, dtype: str) -> None:
    values: Any = {"bool": [True, False, True], "string": ["a", "", "ü"]}.get(dtype, [1, 2, 3])
    kind = {"bool": pa.bool_(), "string": pa.string(), "float16": pa.float32()}.get(dtype)
    with Predictor(str(make_root(tmp_path / "root", *models.same(dtype)))) as predictor:
        batch = one(pa.array([values, None, values[::-1]], pa.list_(kind or pa.type_for_alias(dtype))), "x")
        predicted = check_same(predictor, batch, messages=False)
    assert predicted.answers.num_rows == 2


def test_outputs_that_speak_of_all_rows_are_asked_row_by_row(tmp_path: Path) -> None:
    with Predictor(str(make_root(tmp_path / "root", *models.choosing("chosen")))) as predictor:
        spec = predictor.manifest.signature.inputs[0]
        rows = np.random.default_rng(1).normal(size=(4, *[int(dim) for dim in spec.shape[1:]]))
        check_same(predictor, one(fixed(rows.astype(np.float32)), spec.name), messages=False)


@pytest.mark.parametrize("opened", [models.image], indirect=True)
@pytest.mark.parametrize(
    "type_",
    [
        pa.list_(pa.float32()),
        pa.list_(pa.string(), 32),
        pa.float32(),
        pa.timestamp("s"),
        pa.list_(pa.list_(pa.list_(pa.float32(), 5))),
    ],
)
def test_columns_of_another_shape_are_refused_before_the_first_row(
    opened: Predictor, type_: pa.DataType
) -> None:
    wanted = r"the column 'pixels' is .*, and the model takes lists of the shape \[2, 4, 4\]"
    with pytest.raises(JobError, match=wanted):
        bind(opened, pa.schema([("pixels", type_)]))
