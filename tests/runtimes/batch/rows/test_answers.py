"""Answers are columns: each has the value that the function answers, under a name that is known before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from onnx import helper

from runtimes.batch.rows.labels import names_of
from runtimes.core.errors import ModelError
from runtimes.core.predictor import Predictor
from tests.artifacts import Document, make_root
from tests.runtimes.batch.jobs import mixed_rows
from tests.runtimes.batch.rows.asking import bind, check_same, predict
from tests.runtimes.core import models

Serve = Callable[..., Predictor]
TWO = pa.record_batch({"no": [0.0, 3.0, None, -2.5], "yes": [1.0, 1.0, 1.0, 0.25]})


@pytest.fixture
def serve(tmp_path: Path) -> Any:
    """``serve(model)`` is an open predictor; all are closed at the end."""
    opened: list[Predictor] = []

    def open_model(model: models.Model, **changes: Any) -> Predictor:
        opened.append(Predictor(str(make_root(tmp_path / f"root{len(opened)}", *model, **changes))))
        return opened[-1]

    yield open_model
    for predictor in opened:
        predictor.close()


def giving(*outputs: tuple[models.Spec, str, Document], **entries: Any) -> models.Model:
    """A model of four features that gives some of them, in another dtype, as each of its outputs."""
    nodes, constants = [], {}
    for (name, dtype, shape), _, entry in outputs:
        constants[f"{name}_columns"] = np.array(entry["columns"], np.int64)
        nodes.append(helper.make_node("Gather", ["X", f"{name}_columns"], [f"{name}_taken"], axis=1))
        constants[f"{name}_shape"] = np.array([-1 if dim == "batch" else dim for dim in shape], np.int64)
        nodes.append(helper.make_node("Reshape", [f"{name}_taken", f"{name}_shape"], [f"{name}_shaped"]))
        nodes.append(helper.make_node("Cast", [f"{name}_shaped"], [name], to=models.ONNX_TYPES[dtype]))
    inputs: list[models.Spec] = [("X", "float32", ["batch", 4])]
    specs = [spec for spec, _, _ in outputs]
    document = models.signature(
        inputs, specs, tuple(role for _, role, _ in outputs), features=models.columns(list("abcd")), **entries
    )
    for spec, (_, _, entry) in zip(document["outputs"], outputs, strict=True):
        spec.update({key: value for key, value in entry.items() if key != "columns"})
    return models.graph(nodes, inputs, specs, constants), document


FOUR = pa.record_batch({name: [0.0, 1.0, 1.0, None, 0.0] for name in "abcd"})


def test_a_pipeline_over_mixed_columns_answers_as_the_function(serve: Serve) -> None:
    batch = mixed_rows(500).to_batches()[0]
    predicted = check_same(serve(models.mixed()), batch.drop_columns(["id"]))
    assert predicted.taken is None
    assert predicted.answers.schema == pa.schema(
        {"prediction": pa.string(), "probability_high": pa.float32(), "probability_low": pa.float32()}
    )


@pytest.mark.parametrize(
    ("labels", "entries", "type_", "expected"),
    [
        ([0, 1], {}, pa.int64(), [1, 0, 1]),
        ([False, True], {}, pa.bool_(), [True, False, True]),
        ([0.0, 1.0], {}, pa.float64(), [1.0, 0.0, 1.0]),
        (["no", "yes"], {"label_is_index": True}, pa.string(), ["yes", "no", "yes"]),
        ([2.5, -1.5], {"label_is_index": True}, pa.float64(), [-1.5, 2.5, -1.5]),
        ([7, 3], {"label_is_index": True}, pa.int64(), [3, 7, 3]),
        ([True, False], {"label_is_index": True}, pa.bool_(), [False, True, False]),
    ],
)
def test_labels_are_the_classes_with_their_type(
    serve: Serve, labels: list[Any], entries: Document, type_: pa.DataType, expected: list[Any]
) -> None:
    predicted = check_same(serve(models.classifier(labels, **entries)), TWO)
    assert predicted.answers.schema.field("prediction").type == type_
    assert predicted.answers.column("prediction").to_pylist() == expected


def test_classes_of_several_types_are_texts(serve: Serve) -> None:
    predictor = serve(models.classifier([1, "1"], label_is_index=True))
    answers = predict(predictor, TWO).answers
    assert answers.schema.names == ["prediction", "probability_1_0", "probability_1_1"]
    assert answers.column("prediction").to_pylist() == ["1", "1", "1"]


def test_an_index_beyond_the_classes_is_the_models_failure(serve: Serve) -> None:
    with pytest.raises(ModelError, match="gave the class 1; it has 1 classes"):
        predict(serve(models.classifier(["only"], label_is_index=True)), TWO)


def test_several_targets_have_their_number(serve: Serve) -> None:
    first, second = ["low", "high"], [False, True]
    predictor = serve(
        giving(
            (("l0", "int64", ["batch"]), "label", {"columns": [0], "class_labels": first}),
            (("p0", "float32", ["batch", 2]), "probabilities", {"columns": [0, 1], "class_labels": first}),
            (("l1", "int64", ["batch"]), "label", {"columns": [1], "class_labels": second}),
            (("p1", "float32", ["batch", 2]), "probabilities", {"columns": [2, 3], "class_labels": second}),
        )
    )  # fmt: skip
    predicted = check_same(predictor, FOUR)
    assert predicted.answers.schema.names == [
        "prediction_0", "prediction_1",
        "probability_0_low", "probability_0_high", "probability_1_false", "probability_1_true",
    ]  # fmt: skip


def test_a_regressor_of_several_targets_has_a_column_for_each(serve: Serve) -> None:
    outputs: Any = (("y", "float64", ["batch", 3]), "prediction", {"columns": [2, 0, 1]})
    predicted = check_same(serve(giving(outputs)), FOUR)
    assert predicted.answers.schema == pa.schema([(f"prediction_{at}", pa.float64()) for at in range(3)])


def test_a_prediction_of_very_many_numbers_is_one_column_of_lists(serve: Serve) -> None:
    outputs: Any = (("y", "float32", ["batch", 33]), "prediction", {"columns": [0] * 33})
    predicted = check_same(serve(giving(outputs)), FOUR)
    assert predicted.answers.schema == pa.schema({"prediction": pa.list_(pa.float32(), 33)})


def test_a_detector_has_its_class_and_its_score(serve: Serve) -> None:
    predictor = serve(
        giving(
            (("label", "int64", ["batch"]), "label", {"columns": [0]}),
            (("scores", "float32", ["batch", 1]), "scores", {"columns": [1]}),
            class_labels=[-1, 1],
        )
    )
    assert check_same(predictor, FOUR).answers.schema == pa.schema(
        {"prediction": pa.int64(), "score": pa.float32()}
    )


def test_other_outputs_are_lists_of_fixed_sizes(serve: Serve) -> None:
    predictor = serve(
        giving(
            (("y", "float32", ["batch", 1]), "prediction", {"columns": [0]}),
            (("path", "bool", ["batch", 2]), "tensor", {"columns": [1, 2]}),
            (("square", "float32", ["batch", 2, 2]), "tensor", {"columns": [0, 1, 2, 3]}),
        )
    )
    predicted = check_same(predictor, FOUR)
    assert predicted.answers.schema == pa.schema(
        {
            "prediction": pa.float32(),
            "path": pa.list_(pa.bool_(), 2),
            "square": pa.list_(pa.list_(pa.float32(), 2), 2),
        }
    )


def test_another_output_with_the_name_of_an_answer_is_called_an_output(serve: Serve) -> None:
    predictor = serve(
        giving(
            (("y", "float32", ["batch", 1]), "prediction", {"columns": [0]}),
            (("prediction", "float32", ["batch", 2]), "tensor", {"columns": [1, 2]}),
        )
    )
    assert check_same(predictor, FOUR).answers.schema.names == ["prediction", "output_prediction"]


def test_a_thousand_classes_have_a_thousand_columns(serve: Serve) -> None:
    columns = [at % 4 for at in range(1000)]
    batch = pa.record_batch({name: np.random.default_rng(0).normal(size=5) for name in "abcd"})
    predictor = serve(giving((("p", "float32", ["batch", 1000]), "probabilities", {"columns": columns})))
    predicted = check_same(predictor, batch)
    assert predicted.answers.num_columns == 1000
    assert predicted.answers.column(6).cast(pa.float32()) == batch.column("c").cast(pa.float32())


def test_kept_columns_stand_before_the_answers_without_the_rows_that_are_refused(serve: Serve) -> None:
    batch = pa.RecordBatch.from_arrays(
        [pa.array(["w", "x", "y", "z"]), *TWO.columns, pa.array([1, 2, 3, 4])], ["id", "no", "yes", "n"]
    )
    predicted = predict(serve(models.classifier([0, 1])), batch, keep="rest", prefix="m_")
    assert predicted.answers.schema.names == ["id", "n", "m_prediction", "m_probability_0", "m_probability_1"]
    assert predicted.answers.column("id").to_pylist() == ["w", "x", "z"]
    assert predicted.answers.column("n").to_pylist() == [1, 2, 4]


@pytest.mark.parametrize("count", [0, 1])
def test_a_batch_of_no_rows_or_of_refused_ones_has_empty_columns(serve: Serve, count: int) -> None:
    predictor = serve(models.classifier(["no", "yes"], label_is_index=True))
    predicted = predict(predictor, TWO.slice(2, count), keep="all")
    assert predicted.answers.num_rows == 0
    assert predicted.answers.schema == bind(predictor, TWO.schema, keep="all").answers
    assert len(predicted.refused) == count


def test_answers_do_not_depend_on_how_rows_are_cut(serve: Serve) -> None:
    predictor = serve(models.mixed())
    whole = mixed_rows(64).to_batches()[0]
    parts = [predict(predictor, whole.slice(start, 16), keep="rest").answers for start in range(0, 64, 16)]
    assert pa.Table.from_batches(parts).combine_chunks() == pa.Table.from_batches(
        [predict(predictor, whole, keep="rest").answers]
    )


def test_names_of_classes_are_each_another() -> None:
    assert names_of(("a", "b", True, 1.5)) == ["a", "b", "true", "1.5"]
    assert names_of((1, "1", "1_0")) == ["1_0_", "1_1", "1_0"]
    assert len(set(names_of(("x", "x", "x_0", "x_1", "x_0_")))) == 5
