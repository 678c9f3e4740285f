"""Rows as Python has them (lists, dicts, arrays of any library) to the document that asks for them."""

from __future__ import annotations

from runtimes.core.errors import RequestError
from runtimes.core.nested import nest
from runtimes.core.shapes import BATCH
from runtimes.core.tensors import DTYPES, FLOATS, Tensor, from_buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtimes.core.signature import Signature

_PLAIN = frozenset((float, int, bool, str, list, tuple, dict, type(None)))
_PARTS = ("predictions", "results", "probabilities", "scores")


def request_of(rows: object, signature: Signature) -> dict[str, object]:
    """The document for these rows; one row alone asks for its ``features``."""
    named = _by_name(rows)
    rows = rows if named is None else named
    if isinstance(rows, dict):
        return {"features": _plain(rows)}
    if not isinstance(rows, (list, tuple)):
        return _request_of_array(rows, signature)
    plain = [_plain(row) for row in rows]
    by_name = [True for row in plain[:1] if isinstance(row, dict)]
    alone = not by_name and _depth(plain) == _rank_of_row(signature)
    return {"features" if alone else "instances": plain}


def count_answers(answer: dict[str, object]) -> int:
    """How many rows an answer holds."""
    outputs = answer.get("outputs")
    parts = [answer.get(part) for part in _PARTS] + (
        list(outputs.values()) if isinstance(outputs, dict) else []
    )
    return next((len(part) for part in parts if isinstance(part, list)), 1)


def _rank_of_row(signature: Signature) -> int | None:
    """How many lists lie in each other in one row; None: a row is a dict of tensors."""
    if signature.features:
        return 1
    return len(signature.inputs[0].shape) - 1 if len(signature.inputs) == 1 else None


def _depth(value: object) -> int:
    depth = 0
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
        depth += 1
    return depth


def _plain(value: object) -> object:
    """What other libraries hold numbers in, as Python's own: a row that is an array, numbers within a row."""
    if type(value) in _PLAIN:
        if isinstance(value, (list, tuple)) and not _PLAIN.issuperset(map(type, value)):
            return [_plain(item) for item in value]
        if isinstance(value, dict) and not _PLAIN.issuperset(map(type, value.values())):
            return {name: _plain(item) for name, item in value.items()}
        return value
    named = _by_name(value)
    if named is not None:
        return named
    convert = getattr(value, "tolist", None) or getattr(value, "item", None)
    return convert() if convert is not None else value


def _by_name(value: object) -> object:
    """Dicts of what says itself which column each value is for: records of numpy, a series of pandas.

    Taken by position they would be answered wrongly where their order is another. None: it does not say it.
    """
    if type(value) in _PLAIN:
        return None
    names = getattr(getattr(value, "dtype", None), "names", None)
    if names:
        listed = value.tolist()  # type: ignore[attr-defined]
        return (
            dict(zip(names, listed))
            if isinstance(listed, tuple)
            else [dict(zip(names, row)) for row in listed]
        )
    if not hasattr(value, "to_dict") or hasattr(value, "columns"):
        return None
    row = value.to_dict()
    return row if isinstance(row, dict) and [True for name in row if isinstance(name, str)] else None


def _request_of_array(rows: object, signature: Signature) -> dict[str, object]:
    """An array of what the one input holds goes there as it lies in memory, any other by its values."""
    rank = _rank_of_row(signature)
    if isinstance(rows, (str, bytes, bytearray)) or rank is None:
        raise RequestError(f"rows must be a list of rows, not {type(rows).__name__}")
    tensor = _tensor_of(rows)
    dimensions = _depth(tensor) if isinstance(tensor, list) else len(tensor.shape)
    if dimensions not in (rank, rank + 1):
        taken = f"one row has {rank}, several have {rank + 1}"
        raise RequestError(f"an array of {dimensions} dimensions is not taken: {taken}")
    alone = dimensions == rank
    if isinstance(tensor, list):
        return {"features" if alone else "instances": tensor}
    if _lies_as_taken(tensor, signature):
        shape = (1, *tensor.shape) if alone else tensor.shape
        return {"inputs": {signature.inputs[0].name: Tensor(tensor.dtype, shape, tensor.data)}}
    return {"features" if alone else "instances": _values_of(tensor, signature)}


def _tensor_of(rows: object) -> Tensor | list[object]:
    """The array as a tensor; as lists where its elements are no numbers of a known kind (texts, objects), or
    where some are masked: in memory these have values like any other."""
    if not hasattr(rows, "mask"):
        try:
            return from_buffer(rows)
        except RequestError:
            pass
    listed = rows.tolist() if hasattr(rows, "tolist") else None
    if isinstance(listed, list):
        return listed
    message = f"rows must be a list of rows (lists, or dicts by name), not {type(rows).__name__}"
    raise RequestError(message)


def _lies_as_taken(tensor: Tensor, signature: Signature) -> bool:
    spec = signature.inputs[0]
    columns = [feature.column for feature in signature.features]
    in_order = columns == list(range(len(columns)))
    small = DTYPES[tensor.dtype][1] == 1 and "bool" not in (tensor.dtype, spec.dtype)
    known = tensor.dtype == spec.dtype or (small and not signature.features)
    return len(signature.inputs) == 1 and spec.shape[:1] == (BATCH,) and in_order and known


def _values_of(tensor: Tensor, signature: Signature) -> object:
    """Nested lists. An array says NaN for a missing value: it is one where the model takes any."""
    data = tensor.to_bytes()
    if tensor.dtype == "float16":
        import struct

        flat: list[object] = list(struct.unpack(f"<{len(data) // 2}e", data))
    else:
        flat = memoryview(data).cast(DTYPES[tensor.dtype][0]).tolist()  # type: ignore[call-overload]
    if tensor.dtype in FLOATS and [True for feature in signature.features if feature.nullable]:
        flat = [None if value != value else value for value in flat]  # noqa: PLR0124
    return nest(flat, tensor.shape)
