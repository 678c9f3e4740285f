"""Steps before the estimator in double precision, as scikit-learn computes them; the estimator in single.

Trees split halfway between two values of the training data, which is where later rows lie, too. A scaler
that rounds to single precision moves such a row to the wrong side; scikit-learn itself scales in double
precision and hands the trees the result in single.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.own.registration import IN_DOUBLE
from packager.converters.sklearn.own.scored import gives_scores
from packager.converters.sklearn.parts import final, inside, kind_of, walk

# What skl2onnx writes, and the engine runs, in double precision: each is in the tests.
EXACT_STEPS = frozenset(
    {
        "ColumnTransformer", "FactorAnalysis", "FastICA", "FeatureUnion", "FunctionTransformer", "KBinsDiscretizer", "MaxAbsScaler", "MinMaxScaler",
        "MissingIndicator", "Normalizer", "Nystroem", "RBFSampler", "SequentialFeatureSelector", "SplineTransformer",
        "OneHotEncoder", "OrdinalEncoder", "PCA", "Pipeline", "QuantileTransformer", "RobustScaler",
        "SelectKBest", "SelectPercentile", "SimpleImputer", "StandardScaler", "VarianceThreshold",
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
    return all(_is_exact(part) for part in walk(split(model)[0]))


def _is_exact(part: Any) -> bool:
    kind = kind_of(part)
    if kind == "SimpleImputer":  # the mark of a missing value may be something else than NaN
        return isinstance(part.missing_values, float | np.floating) and bool(np.isnan(part.missing_values))
    return kind in EXACT_STEPS


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


def impute_in_double(proto: Any, model: Any) -> None:
    """The engine imputes single precision only: the same as ``Where(IsNaN(x), statistics, x)``.

    The node holds the statistics rounded; by them the imputer is found that has them in full.
    """
    from onnx import helper, numpy_helper

    fitted = (part for part in walk(model) if hasattr(part, "statistics_"))
    known = [np.asarray(part.statistics_) for part in fitted]
    nodes = []
    for at, node in enumerate(proto.graph.node):
        statistics = _statistics(node, known)
        if statistics is None:
            nodes.append(node)
            continue
        name, missing = f"imputed_{at}", f"missing_{at}"
        proto.graph.initializer.append(numpy_helper.from_array(statistics, name))
        nodes.append(helper.make_node("IsNaN", [node.input[0]], [missing], name=missing))
        nodes.append(
            helper.make_node("Where", [missing, name, node.input[0]], node.output, name=f"fill_{at}")
        )
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def _statistics(node: Any, known: list[Any]) -> Any:
    if node.op_type != "Imputer":
        return None
    rounded = [list(entry.floats) for entry in node.attribute if entry.name == "imputed_value_floats"]
    for statistics in known:
        if statistics.dtype.kind != "f" or not np.isfinite(statistics).all():
            continue
        if statistics.astype(np.float32).tolist() in rounded:
            return statistics.astype(np.float64).reshape(1, -1)
    return None
