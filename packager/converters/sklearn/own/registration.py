"""Which estimators our own converters take over; skl2onnx is told before it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from packager.converters.boosting import pipeline as boosted
from packager.converters.sklearn.own import (
    bayes,
    boosting,
    centres,
    classifiers,
    combining,
    encoders,
    filling,
    functions,
    hist_boosting,
    linear,
    neighbours,
    network,
    projections,
    quantiles,
    radius,
    regressors,
    scored,
    stacking,
    steps,
    targets,
    text,
)
from packager.converters.sklearn.own.nodes import Nodes

Writes = Callable[[Nodes, Any], None]

CLASSIFIERS: Mapping[str, Writes] = {
    "sklearn.calibration.CalibratedClassifierCV": combining.calibrated,
    "sklearn.dummy.DummyClassifier": classifiers.constant,
    "sklearn.semi_supervised.SelfTrainingClassifier": classifiers.inner,
    "sklearn.ensemble.BaggingClassifier": combining.bagging,
    "sklearn.ensemble.GradientBoostingClassifier": boosting.classifier,
    "sklearn.ensemble.StackingClassifier": stacking.classifier,
    "sklearn.ensemble.VotingClassifier": combining.voting,
    "sklearn.model_selection.FixedThresholdClassifier": combining.threshold,
    "sklearn.model_selection.TunedThresholdClassifierCV": combining.threshold,
    "sklearn.multiclass.OneVsRestClassifier": combining.one_against_the_rest,
    "sklearn.naive_bayes.GaussianNB": bayes.classifier,
    "packager.converters.sklearn.own.scored.Scored": scored.classifier,
    "sklearn.ensemble.HistGradientBoostingClassifier": hist_boosting.classifier,
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": linear.classifier,
    "sklearn.linear_model.SGDClassifier": linear.descent,
    "sklearn.linear_model.LogisticRegression": linear.classifier,
    "sklearn.linear_model.LogisticRegressionCV": linear.classifier,
    "sklearn.multiclass.OutputCodeClassifier": centres.code_words,
    "sklearn.neighbors.KNeighborsClassifier": neighbours.classifier,
    "sklearn.neural_network.MLPClassifier": network.classifier,
    "sklearn.neighbors.NearestCentroid": centres.classifier,
    "sklearn.neighbors.RadiusNeighborsClassifier": radius.classifier,
}
OTHERS: Mapping[str, Writes] = {
    **{f"sklearn.linear_model.{name}": linear.regressor for name in linear.REGRESSORS},
    **{f"sklearn.linear_model.{name}": linear.generalised for name in linear.GENERALISED},
    "sklearn.ensemble.HistGradientBoostingRegressor": hist_boosting.regressor,
    "sklearn.cluster.AffinityPropagation": centres.clusters,
    "sklearn.cluster.Birch": centres.grouped_clusters,
    "sklearn.cluster.BisectingKMeans": centres.halved_clusters,
    "sklearn.cluster.KMeans": centres.clusters,
    "sklearn.cluster.MeanShift": centres.clusters,
    "sklearn.cluster.MiniBatchKMeans": centres.clusters,
    "sklearn.compose.TransformedTargetRegressor": regressors.changed_target,
    "sklearn.decomposition.FactorAnalysis": projections.factors,
    "sklearn.decomposition.FastICA": projections.independent,
    "sklearn.dummy.DummyRegressor": regressors.constant,
    "packager.converters.sklearn.own.encoders.CodeEncoder": encoders.codes,
    "packager.converters.sklearn.own.encoders.FlagEncoder": encoders.flags,
    "packager.converters.sklearn.own.centres.ClusterDistances": centres.distances,
    "packager.converters.sklearn.own.centres.PooledColumns": projections.pooled,
    "packager.converters.sklearn.own.steps.ChosenColumns": steps.chosen_columns,
    "packager.converters.sklearn.own.steps.NumberImputer": steps.imputer,
    "sklearn.decomposition.TruncatedSVD": projections.projected,
    "sklearn.preprocessing.PolynomialFeatures": steps.products,
    "sklearn.impute._iterative.IterativeImputer": filling.in_turns,
    "sklearn.impute.KNNImputer": filling.by_neighbours,
    "sklearn.impute.MissingIndicator": steps.missing,
    "sklearn.kernel_approximation.Nystroem": regressors.nystroem,
    "sklearn.kernel_approximation.RBFSampler": steps.waves,
    "sklearn.kernel_ridge.KernelRidge": regressors.kernel_ridge,
    "sklearn.multioutput.MultiOutputRegressor": regressors.side_by_side,
    "sklearn.multioutput.RegressorChain": regressors.chain,
    "sklearn.preprocessing.FunctionTransformer": functions.transformer,
    "sklearn.preprocessing.KBinsDiscretizer": encoders.bins,
    "sklearn.preprocessing.QuantileTransformer": quantiles.transformer,
    "sklearn.preprocessing.SplineTransformer": steps.splines,
    "sklearn.preprocessing.TargetEncoder": encoders.means,
    "sklearn.covariance.EllipticEnvelope": scored.outlier_ellipse,
    "sklearn.ensemble.StackingRegressor": stacking.regressor,
    "sklearn.ensemble.VotingRegressor": stacking.mean,
    "sklearn.ensemble.GradientBoostingRegressor": boosting.regressor,
    "sklearn.isotonic.IsotonicRegression": combining.isotonic,
    "sklearn.linear_model.SGDOneClassSVM": scored.outlier_line,
    "sklearn.neighbors.LocalOutlierFactor": neighbours.outlier_factor,
    "sklearn.neighbors.KNeighborsRegressor": neighbours.regressor,
    "sklearn.neighbors.RadiusNeighborsRegressor": radius.regressor,
    "sklearn.neural_network.MLPRegressor": network.regressor,
    "sklearn.random_projection.GaussianRandomProjection": projections.projected,
    "sklearn.random_projection.SparseRandomProjection": projections.projected,
    "sklearn.svm.NuSVR": scored.regressor_vectors,
    "sklearn.svm.OneClassSVM": scored.outlier_vectors,
    "sklearn.svm.SVR": scored.regressor_vectors,
    "sklearn.feature_extraction.text.CountVectorizer": text.vectorizer,
    "sklearn.feature_extraction.text.TfidfTransformer": text.transformer,
    "sklearn.feature_extraction.text.TfidfVectorizer": text.vectorizer,
}
# These compute in double precision as scikit-learn does, so that their inputs may be double, too.
IN_DOUBLE = frozenset(
    {
        *linear.GENERALISED,
        *linear.REGRESSORS,
        "AffinityPropagation", "BaggingClassifier", "Birch", "BisectingKMeans", "CalibratedClassifierCV",
        "ClassifierChain", "DummyClassifier", "DummyRegressor", "EllipticEnvelope", "FactorAnalysis",
        "FastICA", "FixedThresholdClassifier", "GaussianNB", "GaussianProcessRegressor",
        "GradientBoostingClassifier", "GradientBoostingRegressor", "HistGradientBoostingClassifier",
        "HistGradientBoostingRegressor", "IsotonicRegression", "KMeans", "KNeighborsClassifier",
        "KNeighborsRegressor", "KernelRidge", "LGBMClassifier", "LGBMRanker", "LGBMRegressor",
        "LinearDiscriminantAnalysis", "LocalOutlierFactor", "LogisticRegression", "LogisticRegressionCV",
        "MLPClassifier", "MLPRegressor",
        "MeanShift", "MiniBatchKMeans", "MultiOutputClassifier", "MultiOutputRegressor",
        "NearestCentroid", "NuSVR", "Nystroem", "OneClassSVM", "OneVsRestClassifier",
        "OutputCodeClassifier", "RBFSampler", "RadiusNeighborsClassifier", "RadiusNeighborsRegressor",
        "RegressorChain", "SGDClassifier", "SGDOneClassSVM", "SVR", "Scored", "SelfTrainingClassifier",
        "StackingClassifier", "StackingRegressor", "Targets", "TransformedTargetRegressor",
        "TunedThresholdClassifierCV", "VotingClassifier", "VotingRegressor",
    }
)  # fmt: skip
_OTHERS = {"options": {"return_std": [True, False], "score_samples": [True, False]}}


def register_converters() -> None:
    """Before every conversion; estimators that this scikit-learn does not have are left out."""
    import skl2onnx

    for table, shapes in ((CLASSIFIERS, _of_classifier), (OTHERS, _of_other)):
        options = {"zipmap": [True, False], "nocl": [True, False], "output_class_labels": [False, True]}
        for full, writes in table.items():
            module, _, name = full.rpartition(".")
            estimator = getattr(import_module(module), name, None)
            if estimator is not None:
                convert = partial(_convert, writes)
                extra = (
                    {"options": {**options, "raw_scores": [True, False]}} if table is CLASSIFIERS else _OTHERS
                )
                of = encoders.of_numbers if name in ("CodeEncoder", "TargetEncoder") else shapes
                skl2onnx.update_registered_converter(estimator, f"Own{name}", of, convert, **extra)
    for estimator, writes, decides in boosted.estimators():
        skl2onnx.update_registered_converter(
            estimator,
            f"Own{estimator.__name__}",
            _of_classifier if decides else _of_other,
            partial(_convert, writes),
            **({"options": {**options, "raw_scores": [True, False]}} if decides else {}),
        )
    several = "raw_scores", "zipmap"
    skl2onnx.update_registered_converter(
        targets.Targets,
        "OwnTargets",
        _of_targets,
        partial(_convert, targets.write),
        parser=targets.parse,
        options={name: [True, False] for name in several},
    )


def _of_targets(operator: Any) -> None:
    """Their shapes were announced."""


def _convert(writes: Writes, scope: Any, operator: Any, container: Any) -> None:
    writes(Nodes(scope, operator, container), operator.raw_operator)


def _of_other(operator: Any) -> None:
    """The engine infers shapes; the signature says those of the outputs."""
    for output in operator.outputs:
        output.type.shape = [None, None]


def _of_classifier(operator: Any) -> None:
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    named = np.asarray(operator.raw_operator.classes_).dtype.kind in "OUT"
    operator.outputs[0].type = (StringTensorType if named else Int64TensorType)([None])
    operator.outputs[1].type.shape = [None, None]
