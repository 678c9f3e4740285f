"""The user's sample rows as the model's features or inputs: matched by name, checked value by value."""

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.failure import SamplesError
from packager.converters.rows import Rows
from packager.converters.signature import MISSING_TEXT, NUMPY_TYPES, Feature, Signature, TensorSpec
from packager.converters.table import Table
from packager.converters.tensors import Array

_WORDS = {"true": 1.0, "false": 0.0}
_TRUE, _FALSE = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})
# What pandas reads as missing, too; in a column of texts each may be a word like any other.
_GAPS = frozenset({"", "na", "n/a", "nan", "none", "null", "<na>"})
_ROW_NUMBERS = re.compile(r"|Unnamed: \d+|index|__index_level_\d+__")
CHANNELS_LAST = "the samples have their channels last"
_INT64 = np.iinfo(np.int64)


def read_samples(table: Table, signature: Signature) -> Rows:
    rows = _tabular(table, signature) if signature.features else _tensors(table, signature)
    if rows.batched and len(rows) == 0:
        raise SamplesError(f"{table.name} has no rows")
    return rows


def renamed(table: Table, columns: Sequence[str], signature: Signature) -> Table:
    """The table under the model's own names for its columns, where it has those that were saved beside it."""
    own = [feature.name for feature in signature.features]
    if table.columns is None or len(columns) != len(own) or set(table.columns) != set(columns):
        return table
    if set(columns) == set(own):
        return table
    given = table.columns
    return replace(table, columns={name: given[column] for name, column in zip(own, columns, strict=True)})


def _tabular(table: Table, signature: Signature) -> Rows:
    features = signature.features
    columns = table.columns
    if table.arrays is not None:
        columns, matrix = _named_arrays(table, signature)
    else:
        matrix = table.matrix
    if columns is None:
        assert matrix is not None  # noqa: S101 - a table is one of the three
        columns = _split(table.name, matrix, features)
    columns = {name: values for name, values in columns.items() if name not in signature.unread}
    _check_names(table.name, columns, [feature.name for feature in features])
    return Rows({f.name: _column(table, f, columns[f.name]) for f in features})


def _named_arrays(table: Table, signature: Signature) -> tuple[dict[str, Sequence[Any]] | None, Array | None]:
    """An npz of one array per feature, of the one input, or of any single matrix."""
    arrays = table.arrays or {}
    names = {feature.name for feature in signature.features}
    if len(arrays) == 1 and not names.issuperset(arrays):
        return None, next(iter(arrays.values()))
    counts = {len(array) if array.ndim else None for array in arrays.values()}
    if len(counts) > 1 or None in counts:
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items())
        raise SamplesError(f"{table.name} holds arrays that are not columns of one length: {shapes}")
    return {name: array.reshape(len(array), -1)[:, 0].tolist() for name, array in arrays.items()}, None


def _split(name: str, matrix: Array, features: tuple[Feature, ...]) -> dict[str, Sequence[Any]]:
    width = matrix.shape[1] if matrix.ndim == 2 else None
    if width != len(features):
        found = (
            f"{width} values in each row" if width is not None else f"an array of shape {list(matrix.shape)}"
        )
        raise SamplesError(f"{name} has {found}, and the model takes {len(features)} features")
    return {feature.name: matrix[:, at].tolist() for at, feature in enumerate(features)}


def _check_names(name: str, columns: Iterable[str], wanted: list[str]) -> None:
    have = list(columns)
    missing = [column for column in wanted if column not in have]
    unknown = [column for column in have if column not in wanted]
    if missing:
        close = [match for column in missing for match in _close(column, unknown)]
        hint = f"did you mean {_listed(close)}?" if close else f"its columns are {_listed(have)}"
        raise SamplesError(f"{name} has no column {_listed(missing)}, which the model takes", hint=hint)
    if unknown:
        hint = f"remove it, or if it holds the labels: --labels {unknown[0]}"
        if _ROW_NUMBERS.fullmatch(unknown[0]):
            hint = "it looks like the row numbers that pandas adds: save the rows with index=False"
        raise SamplesError(
            f"{name} has the column {_listed(unknown)}, which the model does not know", hint=hint
        )


def _close(column: str, names: list[str]) -> list[str]:
    """Names that differ by their case alone are nearer than any other."""
    alike = [name for name in names if name.strip().lower() == column.strip().lower()]
    return alike or difflib.get_close_matches(column, names, 1)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(repr(name) for name in names[:8]) + more


def _column(table: Table, feature: Feature, values: Sequence[Any]) -> Array:
    parse = {"number": _number, "integer": _integer, "boolean": _boolean, "text": _text}[feature.kind]
    gaps = feature.kind == "text" and feature.nullable
    column = []
    for at, value in enumerate(values):
        try:
            missing = _is_missing(value, feature) or (value == "" and table.empty_is_missing and gaps)
            column.append(_missing(feature) if missing else parse(value))
        except (ValueError, TypeError, OverflowError) as error:
            raise SamplesError(
                f"{table.name} has {repr(value)[:60]} in row {at + table.first_row}, "
                f"column {feature.name!r}: {error}"
            ) from None
    dtypes = {"number": np.float64, "integer": np.int64, "boolean": np.bool_, "text": object}
    return np.array(column, dtype=dtypes[feature.kind])


def _is_missing(value: Any, feature: Feature) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (
        feature.kind != "text" and isinstance(value, str) and value.strip().lower() in _GAPS
    )


def _missing(feature: Feature) -> Any:
    if not feature.nullable:
        raise ValueError("the model takes no missing value there")
    return MISSING_TEXT if feature.kind == "text" else math.nan


def _number(value: Any) -> float:
    if isinstance(value, str):
        if value.strip().lower() in _WORDS:  # what pandas writes for a boolean column
            return _WORDS[value.strip().lower()]
        try:
            value = float(value)
        except ValueError:
            grouped = "," in value and value.replace(",", "").replace(".", "", 1).isdigit()
            reason = "it is not a number" + (": leave out the commas in it" if grouped else "")
            raise ValueError(reason) from None
    if not math.isfinite(value):
        raise ValueError("it is not finite")
    return float(value)


def _integer(value: Any) -> int:
    number = _number(value) if not isinstance(value, int) else value
    if number != int(number) or not _INT64.min <= number <= _INT64.max:
        raise ValueError("it is not a whole number of 64 bits")
    return int(number)


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("it is neither true nor false")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _tensors(table: Table, signature: Signature) -> Rows:
    inputs = signature.inputs
    arrays = table.arrays
    if arrays is None and table.columns is not None and {spec.name for spec in inputs} <= set(table.columns):
        arrays = {name: np.asarray(values) for name, values in table.columns.items()}
    if arrays is None or (len(arrays) == 1 == len(inputs)):
        arrays = {inputs[0].name: _only_array(table, signature)}
    # Single numbers of other names are settings that the converter took from there.
    named = {spec.name for spec in inputs}
    arrays = {name: array for name, array in arrays.items() if name in named or array.ndim}
    _check_names(table.name, arrays, [spec.name for spec in inputs])
    if not signature.rowwise and all(arrays[spec.name].ndim == len(spec.shape) + 1 for spec in inputs):
        return _whole_inputs(table, arrays, signature)
    fitted = {spec.name: fit(f"{table.name}:{spec.name}", arrays[spec.name], spec) for spec in inputs}
    counts = {len(array) for array in fitted.values() if array.ndim}
    if signature.rowwise and len(counts) > 1:
        raise SamplesError(f"{table.name} has inputs of different lengths: {sorted(counts)}")
    return Rows(fitted, batched=signature.rowwise)


def _whole_inputs(table: Table, arrays: dict[str, Array], signature: Signature) -> Rows:
    """Inputs that are no rows of a batch, several of each along an axis before all others."""
    counts = {len(arrays[spec.name]) for spec in signature.inputs}
    if len(counts) > 1 or 0 in counts:
        raise SamplesError(f"{table.name} has inputs of different lengths: {sorted(counts)}")
    made = {
        spec.name: np.stack([fit(f"{table.name}:{spec.name}", one, spec) for one in arrays[spec.name]])
        for spec in signature.inputs
    }
    return Rows(made, batched=False, several=True)


def _only_array(table: Table, signature: Signature) -> Array:
    names = [spec.name for spec in signature.inputs]
    if len(names) > 1:
        raise SamplesError(
            f"{table.name} does not say which of the inputs {_listed(names)} it holds",
            hint="use an npz file with one array for each input",
        )
    if table.arrays is not None:
        return next(iter(table.arrays.values()))
    if table.matrix is not None:
        return table.matrix
    columns = table.columns or {}
    try:
        return np.array([[float(value) for value in column] for column in columns.values()]).T
    except (TypeError, ValueError) as error:
        raise SamplesError(f"{table.name} holds values that are no numbers: {error}") from error


def fit(name: str, array: Array, spec: TensorSpec) -> Array:
    """The array in the input's dtype and shape, or a refusal; the batch may have any size."""
    wanted = NUMPY_TYPES[spec.dtype]
    sizes = [None if isinstance(dim, str) or (at == 0) else dim for at, dim in enumerate(spec.shape)]
    if not _has_sizes(array, sizes):
        message = f"{name} has shape {list(array.shape)}, and the model takes {list(spec.shape)}"
        raise SamplesError(message, hint=_order_of_channels(array, sizes))
    if wanted.kind == "O":
        return np.array([str(value) for value in array.ravel()], dtype=object).reshape(array.shape)
    if array.dtype.kind not in "biuf" or (
        array.dtype.kind == "f" and wanted.kind != "f" and _fractional(array)
    ):
        raise SamplesError(f"{name} holds {array.dtype.name} values, and the model takes {spec.dtype}")
    return array.astype(wanted)


def _has_sizes(array: Array, sizes: Sequence[int | None]) -> bool:
    return array.ndim == len(sizes) and all(
        want is None or want == have for want, have in zip(sizes, array.shape, strict=True)
    )


def _order_of_channels(array: Array, sizes: Sequence[int | None]) -> str | None:
    """Pictures that fit once their channels stand where the model has them."""
    if array.ndim == 4 and _has_sizes(array.transpose(0, 3, 1, 2), sizes):
        return f"{CHANNELS_LAST}, and the model takes them first: transpose(0, 3, 1, 2)"
    if array.ndim == 4 and _has_sizes(array.transpose(0, 2, 3, 1), sizes):
        return "the samples have their channels first, and the model takes them last: transpose(0, 2, 3, 1)"
    return None


def _fractional(array: Array) -> bool:
    return not bool(np.all(np.mod(array, 1) == 0))
