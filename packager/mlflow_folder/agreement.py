"""Holds the signature that MLflow saved to what the converter found in the model itself."""

import re
from dataclasses import replace

from packager.errors import SourceError
from packager.mlflow_folder.schema import Column
from packager.model import Feature, Signature, TensorSpec

_KINDS = {
    "number": frozenset({"double", "float", "integer", "long", "boolean"}),
    "integer": frozenset({"integer", "long"}),
    "boolean": frozenset({"boolean"}),
    "text": frozenset({"string"}),
}
_FAMILY = re.compile(r"[a-z]+")
_MADE_UP = re.compile(r"(?:x|f|Column_)(\d+)")
_SAVE_AGAIN = "save the model with the signature of its own inputs: infer_signature(X, model.predict(X))"


def agreed(signature: Signature, inputs: tuple[Column, ...]) -> Signature:
    """The converter's signature, with MLflow's column names where the model has none of its own.

    Raises SourceError where the two disagree: one of them is about another model.
    """
    if not inputs:
        return signature
    if signature.features:
        return _tabular(signature, inputs)
    _check_tensors(signature.inputs, inputs)
    return signature


def _tabular(signature: Signature, inputs: tuple[Column, ...]) -> Signature:
    features = signature.features
    if inputs[0].shape is not None:
        _check_width(features, inputs)
        return signature
    if len(inputs) != len(features):
        raise _differ(f"{len(inputs)} columns", f"the model takes {len(features)}")
    names = [column.name for column in inputs]
    if _are_made_up(features) and all(name is not None for name in names):
        features = tuple(replace(one, name=str(name)) for one, name in zip(features, names, strict=True))
    by_name = {column.name: column for column in inputs}
    for feature in features:
        if feature.name not in by_name:
            raise _differ(f"no column {feature.name!r}", f"the model takes {feature.name!r}")
        kind = by_name[feature.name].kind
        if kind not in _KINDS[feature.kind]:
            raise _differ(f"{kind} for {feature.name!r}", f"the model takes a {feature.kind} there")
    return replace(signature, features=features)


def _are_made_up(features: tuple[Feature, ...]) -> bool:
    """Names that count the columns are a library's own, for models fitted on arrays."""
    found = [_MADE_UP.fullmatch(feature.name) for feature in features]
    return all(match is not None and int(match[1]) == at for at, match in enumerate(found))


def _check_width(features: tuple[Feature, ...], inputs: tuple[Column, ...]) -> None:
    shape = inputs[0].shape or ()
    if len(inputs) > 1 or len(shape) != 2 or shape[1] not in (-1, len(features)):
        said = ", ".join(str(list(column.shape or ())) for column in inputs)
        raise _differ(f"an array of {said}", f"the model takes rows of {len(features)} values")


def _check_tensors(specs: tuple[TensorSpec, ...], inputs: tuple[Column, ...]) -> None:
    if len(specs) != len(inputs):
        raise _differ(f"{len(inputs)} inputs", f"the model takes {len(specs)}")
    by_name = {column.name: column for column in inputs}
    for spec, in_order in zip(specs, inputs, strict=True):
        column = by_name.get(spec.name, in_order)
        if column.shape is None:
            raise _differ("columns of a table", f"the model takes the tensor {spec.name!r}")
        if not _is_alike(spec, column):
            raise _differ(
                f"{column.kind} {list(column.shape)}",
                f"the model takes {spec.dtype} {list(spec.shape)} for {spec.name!r}",
            )


def _is_alike(spec: TensorSpec, column: Column) -> bool:
    """The same rank, fixed sizes and family of numbers; -1 stands for any size."""
    shape = column.shape or ()
    sizes = len(shape) == len(spec.shape) and all(
        said == -1 or isinstance(dim, str) or said == dim for said, dim in zip(shape, spec.shape, strict=True)
    )
    return sizes and _family(spec.dtype) == _family(column.kind)


def _family(dtype: str) -> str:
    found = _FAMILY.match(dtype)
    name = found[0] if found else dtype
    return {"uint": "int", "str": "string", "object": "string"}.get(name, name)


def _differ(saved: str, found: str) -> SourceError:
    return SourceError(f"the signature that MLflow saved has {saved}, and {found}", _SAVE_AGAIN)
