"""Which names a pickle may ask for: everything that is not here is refused before it is called.

A name is *made* (the file may call it, or build objects of it), or only *named* (the file may hold it as a
value, and never calls it), or refused.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from packager.converters.failure import SourceError
from packager.converters.pickles.standins import STAND_INS, _new

Verdict = Literal["made", "named", "refused", "missing"]

# Rooms of scikit-learn that no model needs; importing some of them starts test frameworks or downloads.
_CLOSED_ROOMS = frozenset(
    {"tests", "conftest", "externals", "datasets", "experimental", "_testing", "inspection"}
)
# Modules whose classes (not functions) are parts of fitted estimators without being estimators.
_PART_MODULES = frozenset(
    {
        "sklearn._loss._loss",
        "sklearn._loss.glm_distribution",
        "sklearn._loss.link",
        "sklearn._loss.loss",
        "sklearn.calibration",
        "sklearn.cluster._birch",
        "sklearn.cluster._bisect_k_means",
        "sklearn.ensemble._gb_losses",
        "sklearn.ensemble._hist_gradient_boosting.loss",
        "sklearn.ensemble._hist_gradient_boosting.predictor",
        "sklearn.gaussian_process.kernels",
        "sklearn.impute._iterative",
        "sklearn.linear_model._sgd_fast",
        "sklearn.metrics._dist_metrics",
        "sklearn.metrics._scorer",
        "sklearn.model_selection._split",
        "sklearn.neighbors._ball_tree",
        "sklearn.neighbors._kd_tree",
        "sklearn.neural_network._stochastic_optimizers",
        "sklearn.tree._tree",
        "sklearn.utils._bunch",
        "sklearn.utils._metadata_requests",
    }
)
_MADE = frozenset(
    {
        "builtins.object",
        "builtins.range",
        "builtins.slice",
        "numpy.random.bit_generator.SeedSequence",
        "sklearn.compose._column_transformer.make_column_selector",
        "scipy.interpolate._bsplines.BSpline",
        "scipy.sparse._coo.coo_matrix",
        "scipy.sparse._csc.csc_array",
        "scipy.sparse._csc.csc_matrix",
        "scipy.sparse._csr.csr_array",
        "scipy.sparse._csr.csr_matrix",
        "scipy.sparse._dia.dia_matrix",
    }
)
_BOOSTED = frozenset(
    {
        *(f"xgboost.sklearn.XGB{kind}" for kind in ("Classifier", "Model", "Ranker", "Regressor")),
        *(f"xgboost.sklearn.XGBRF{kind}" for kind in ("Classifier", "Regressor")),
        *(f"lightgbm.sklearn.LGBM{kind}" for kind in ("Classifier", "Model", "Ranker", "Regressor")),
        "xgboost.core.Booster",
        "lightgbm.basic.Booster",
    }
)
_BOOSTED_ONCE = frozenset({"xgboost.compat.XGBoostLabelEncoder"})
"""What releases before 1.6 pickled, and none has since."""
_NUMBER_TYPES = (
    "bool", "bool_", "floating", "float16", "float32", "float64", "int8", "int16", "int32", "int64",
    "integer", "intp", "number", "object_", "str_", "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip
_ELEMENTWISE = (
    "abs", "absolute", "cbrt", "ceil", "cos", "exp", "expm1", "floor", "log", "log10", "log1p", "log2", "max",
    "mean", "median", "min", "negative", "reciprocal", "rint", "sign", "sin", "sqrt", "square", "sum", "tanh",
)  # fmt: skip
_NAMED = (
    frozenset(f"builtins.{name}" for name in ("bool", "dict", "float", "int", "list", "str", "tuple"))
    | frozenset(f"numpy.{name}" for name in (*_NUMBER_TYPES, *_ELEMENTWISE, "ndarray"))
    | frozenset(f"numpy.random._{name.lower()}.{name}" for name in ("MT19937", "PCG64", "Philox", "SFC64"))
    | frozenset({"sklearn.utils.validation.check_array"})
    | frozenset({"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"})
    | frozenset({"scipy._lib.array_api_compat.numpy._aliases.asarray", "scipy.special._ufuncs.expit"})
)
# Score functions and kernels: held by SelectKBest, GridSearchCV and their like, called only while fitting.
_NAMED_ROOMS = ("sklearn.metrics.", "sklearn.feature_selection.", "sklearn.cluster._kmeans.")
_PYX = "__pyx_unpickle_"


# What is admitted by looking into the library itself, by a worker that has it.
_LIBRARIES = frozenset({"_loss", "lightgbm", "sklearn", "xgboost"})


def outsiders(names: Iterable[tuple[str, str]], allowed: frozenset[str]) -> list[str]:
    """The names that are refused whatever is installed; nothing is imported to say so."""
    known = _MADE | _NAMED | allowed | STAND_INS.keys()
    return [
        f"{module}.{name}"
        for module, name in names
        if f"{module}.{name}" not in known
        and module.partition(".")[0] not in _LIBRARIES
        and (module, name) != ("numpy.random.bit_generator", f"{_PYX}SeedSequence")
    ]


@dataclass(frozen=True)
class Admission:
    """The verdict on one name, with what stands for it when it is let through."""

    verdict: Verdict
    value: Any = None


def admit(module: str, name: str, allowed: frozenset[str] = frozenset()) -> Admission:
    """Judges one name; imports only from the model libraries, or what the user allowed by name."""
    full = f"{module}.{name}"
    if full in STAND_INS:
        return Admission("made", STAND_INS[full])
    if full in _MADE or full in _BOOSTED or full in allowed:
        return _found("made", module, name)
    if full in _NAMED:
        return _found("named", module, name)
    if module.endswith("._multiarray_umath") and f"numpy.{name}" in _NAMED:  # so numpy 1 called its functions
        return _found("named", "numpy", name)
    if module == "numpy.random.bit_generator" and name == f"{_PYX}SeedSequence":
        return Admission("made", _new)
    if module.partition(".")[0] == "sklearn" and "." not in name:
        return _admit_from_sklearn(module, name)
    if full in _BOOSTED_ONCE:
        return Admission("missing")
    return _admit_loss(name) if module == "_loss" else Admission("refused")


def _admit_loss(name: str) -> Admission:
    """Compiled losses of scikit-learn before 1.8 call themselves by a module without a package."""
    if name.startswith(f"{_PYX}Cy"):
        return Admission("made", _new)
    found = _found("made", "sklearn._loss._loss", name)
    ours = isinstance(found.value, type) and found.value.__module__ == "_loss"
    return found if ours else Admission("missing")


def _admit_from_sklearn(module: str, name: str) -> Admission:
    if not _CLOSED_ROOMS.isdisjoint(module.split(".")):
        return Admission("refused")
    if module == "sklearn._loss._loss" and name.startswith(f"{_PYX}Cy"):
        return Admission("made", _new)
    found = _found("named", module, name)
    if found.verdict == "missing":
        return found
    value = found.value
    if isinstance(value, type):
        ours = value.__module__ == module and (module in _PART_MODULES or _is_estimator(value))
        return Admission("made", value) if ours else Admission("refused")
    plain = callable(value) and f"{getattr(value, '__module__', '')}.".startswith(_NAMED_ROOMS)
    return found if plain else Admission("refused")


def _is_estimator(value: type) -> bool:
    from sklearn.base import BaseEstimator

    return issubclass(value, BaseEstimator)


def _found(verdict: Verdict, module: str, name: str) -> Admission:
    try:
        value: Any = importlib.import_module(module)
        for part in name.split("."):
            value = getattr(value, part)
    except (ImportError, AttributeError):
        return Admission("missing")
    return Admission(verdict, value)


def refuse_missing(names: list[str], library: str, written_by: str | None, installed: str) -> None:
    """A name that the file asks for and the installed library no longer has."""
    if not names:
        return
    writer = f"{library} {written_by}" if written_by else f"another version of {library}"
    raise SourceError(
        f"The model was written by {writer} and needs {', '.join(names)}, which {installed} does not have",
        hint=f"convert it with {writer}",
    )
