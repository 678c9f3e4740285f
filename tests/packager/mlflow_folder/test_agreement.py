"""The signature that MLflow saved, held to what the converter found."""

from typing import Any

import pytest

from packager import mlflow_folder
from packager.errors import SourceError
from packager.mlflow_folder.schema import Column
from packager.model import Feature, FeatureKind, Signature, TensorSpec


def tabular(*columns: tuple[str, FeatureKind]) -> Signature:
    features = tuple(Feature(name, kind, "X", at) for at, (name, kind) in enumerate(columns))
    return Signature((TensorSpec("X", "float32", ("batch", len(columns))),), (), features=features)


def tensors(**specs: tuple[str, tuple[Any, ...]]) -> Signature:
    return Signature(tuple(TensorSpec(name, dtype, shape) for name, (dtype, shape) in specs.items()), ())


def test_a_model_without_names_takes_those_that_were_saved() -> None:
    found = mlflow_folder.agreed(
        tabular(("x0", "number"), ("x1", "number")), (Column("age", "long"), Column("height", "double"))
    )
    assert [feature.name for feature in found.features] == ["age", "height"]
    assert [feature.column for feature in found.features] == [0, 1]


def test_a_model_keeps_its_own_names_in_its_own_order() -> None:
    own = tabular(("height", "number"), ("age", "number"))
    assert mlflow_folder.agreed(own, (Column("age", "double"), Column("height", "double"))) == own


@pytest.mark.parametrize(
    ("own", "saved", "said"),
    [
        (tabular(("a", "number")), (Column("b", "double"),), "no column 'a'"),
        (tabular(("a", "number")), (Column("a", "string"),), "string for 'a', and the model takes a number"),
        (tabular(("a", "text")), (Column("a", "double"),), "double for 'a', and the model takes a text"),
        (tabular(("a", "number")), (Column("a", "datetime"),), "datetime for 'a'"),
        (tabular(("x0", "number")), (Column("a", "long"), Column("b", "long")), "2 columns, .* takes 1"),
        (tabular(("x0", "number")), (Column(None, "float64", (-1, 3)),), "rows of 1 values"),
        (tensors(a=("float32", ("batch", 4))), (Column(None, "float32", (-1, 5)),), r"\[-1, 5\], and the"),
        (tensors(a=("float32", ("batch", 4))), (Column(None, "int64", (-1, 4)),), "int64"),
        (tensors(a=("float32", ("batch", 4))), (Column("a", "double"),), "columns of a table"),
        (tensors(a=("float32", ("batch",))), (Column("a", "float32", (-1,)),) * 2, "2 inputs"),
    ],
)
def test_a_mismatch_is_an_error_that_names_both(own: Signature, saved: tuple[Column, ...], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        mlflow_folder.agreed(own, saved)


@pytest.mark.parametrize(
    ("own", "saved"),
    [
        (tensors(a=("float32", ("batch", 4))), (Column(None, "float64", (-1, 4)),)),
        (tensors(a=("int32", (1, "length")), b=("string", ("batch", 1))),
         (Column("b", "str", (-1, 1)), Column("a", "int64", (-1, -1)))),
        (tabular(("x0", "number"), ("x1", "number")), (Column(None, "float64", (-1, 2)),)),
        (tabular(("a", "number")), ()),
    ],
)  # fmt: skip
def test_what_says_the_same_is_left_as_the_converter_found_it(
    own: Signature, saved: tuple[Column, ...]
) -> None:
    assert mlflow_folder.agreed(own, saved) == own
