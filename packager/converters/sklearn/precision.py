"""Steps before the estimator in double precision, as scikit-learn computes them; the estimator in single.

Trees split halfway between two values of the training data, which is where later rows lie, too. A scaler
that rounds to single precision moves such a row to the wrong side; scikit-learn itself scales in double
precision and hands the trees the result in single.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.own.registration import IN_DOUBLE
from packager.converters.sklearn.own.scored import gives_scores
from packager.converters.sklearn.own.steps import SELECTORS
from packager.converters.sklearn.parts import final, inside, kind_of, met_by_rows

# What skl2onnx writes, and the engine runs, in double precision: each is in the tests.
EXACT_STEPS = frozenset(
    {
        *SELECTORS,
        "Birch", "BisectingKMeans", "ChosenColumns", "ClusterDistances", "CodeEncoder", "ColumnTransformer",
        "FactorAnalysis", "FastICA", "FeatureAgglomeration", "FeatureUnion", "FunctionTransformer",
        "GaussianRandomProjection", "FlagEncoder", "IterativeImputer", "KBinsDiscretizer", "KMeans",
        "KNNImputer", "MaxAbsScaler", "MiniBatchKMeans", "MinMaxScaler", "MissingIndicator", "Normalizer",
        "NumberImputer", "Nystroem", "OneHotEncoder", "OrdinalEncoder", "PCA", "Pipeline",
        "PolynomialFeatures", "PooledColumns", "QuantileTransformer", "RBFSampler", "RobustScaler",
        "SimpleImputer", "SparseRandomProjection", "SplineTransformer", "StandardScaler", "TargetEncoder",
        "TruncatedSVD",
    }
)  # fmt: skip
FEATURES = "features_in_single"


def widened(model: Any, columns: Columns) -> Columns:
    """The columns with double numbers where the model's first steps can be had in double precision."""
    if not _applies(model):
        return columns
    inputs = (replace(spec, dtype="float64") if spec.dtype == "float32" else spec for spec in columns.inputs)
    return replace(columns, inputs=tuple(inputs))


def is_wide(columns: Columns) -> bool:
    return any(spec.dtype == "float64" for spec in columns.inputs)


def decides_in_double(model: Any) -> bool:
    """Whether the estimator itself, too, is written in double precision."""
    return kind_of(final(model)) in IN_DOUBLE or gives_scores(final(model))


def split(model: Any) -> tuple[Any, Any]:
    """The steps before the estimator, as a pipeline of their own, and the estimator."""
    from sklearn.pipeline import Pipeline

    steps = inside(model).steps
    return Pipeline(steps[:-1]), steps[-1][1]


def _applies(model: Any) -> bool:
    model = inside(model)
    if kind_of(model) != "Pipeline":
        return decides_in_double(model)
    if len(model.steps) < 2:
        return False
    return all(_is_exact(part) for part in met_by_rows(split(model)[0]))


def _is_exact(part: Any) -> bool:
    return kind_of(part) in EXACT_STEPS


def answer_in_single(proto: Any) -> None:
    """The answers of a graph in double precision are rounded at its end, as the signature says."""
    from onnx import TensorProto, helper

    for value in proto.graph.output:
        if value.type.tensor_type.elem_type == TensorProto.DOUBLE:
            name = f"{value.name}_in_single"
            proto.graph.node.append(
                helper.make_node("Cast", [value.name], [name], name=f"cast_{name}", to=TensorProto.FLOAT)
            )
            value.name = name
            value.type.tensor_type.elem_type = TensorProto.FLOAT


def joined(first: Any, second: Any, target: dict[str, int]) -> Any:
    """One graph: the first's answer, rounded to single precision, is the second's input."""
    from onnx import TensorProto, compose, helper

    for proto in (first, second):
        del proto.opset_import[:]
        proto.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in target.items())
    second = compose.add_prefix(second, "estimator_")
    answer = first.graph.output[0].name
    entry = second.graph.input[0].name
    cast = helper.make_node("Cast", [answer], [entry], name="to_single", to=TensorProto.FLOAT)
    graph = first.graph
    graph.node.extend([cast, *second.graph.node])
    graph.initializer.extend(second.graph.initializer)
    del graph.output[:], graph.value_info[:]
    graph.output.extend(second.graph.output)
    return first
