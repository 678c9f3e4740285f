"""The reference cases of a source under the signature of the file that was made of it."""

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.signature import BATCH, NUMPY_TYPES, Signature, TensorSpec
from packager.converters.tensors import Array, array_of, tensor_document

Case = dict[str, Any]
_Arrays = dict[str, dict[str, Array]]


def fitted(cases: list[Case], before: Signature, after: Signature) -> list[Case]:
    """The same rows and answers, in its types and sizes: row by row where its batch is fixed.

    Cases of other sizes than the file keeps are left out.
    """
    one_by_one = before.batched and not after.batched
    # The last case has all rows, so that one by one each comes once.
    found = refitted(cases[-1:] if one_by_one and _all_in_last(cases, before) else cases, before, after)
    if not found:
        raise ConversionError("None of the rows has the sizes that the TFLite file keeps")
    return found


def refitted(cases: list[Case], before: Signature, after: Signature) -> list[Case]:
    """Every case in the file's types, row by row where its batch is fixed, if the sizes are the file's.

    A case without answers stays without.
    """
    one_by_one = before.batched and not after.batched
    found: list[_Arrays] = []
    for case in cases:
        arrays = _arrays(case, before, after)
        rows = len(arrays["inputs"][after.inputs[0].name]) if one_by_one else 0
        pieces = [_row(arrays, at) for at in range(rows)] if one_by_one else [arrays]
        found += [piece for piece in pieces if _fits(piece, after)]
    return [
        {kind: {name: tensor_document(array) for name, array in named.items()} for kind, named in one.items()}
        for one in found
    ]


def _all_in_last(cases: list[Case], signature: Signature) -> bool:
    name = signature.inputs[0].name
    shapes = [case["inputs"][name]["shape"] for case in cases]
    return len({tuple(shape[1:]) for shape in shapes}) == 1 and shapes[-1][0] == max(
        shape[0] for shape in shapes
    )


def _arrays(case: Case, before: Signature, after: Signature) -> _Arrays:
    places = {str(label): at for at, label in enumerate(before.class_labels)}

    def of(kind: str, specs: tuple[TensorSpec, ...]) -> dict[str, Array]:
        given = case[kind]
        return {spec.name: _typed(array_of(given[spec.name]), spec, places) for spec in specs if given}

    return {"inputs": of("inputs", after.inputs), "outputs": of("outputs", after.outputs)}


def _typed(array: Array, spec: TensorSpec, places: dict[str, int]) -> Array:
    """A text becomes its place among the class labels; a whole number must stay what it is."""
    if array.dtype == object:
        array = np.array([places[text] for text in array.reshape(-1)], np.int64).reshape(array.shape)
    made: Array = array.astype(NUMPY_TYPES[spec.dtype])
    if made.dtype.kind in "iu" and not np.array_equal(made, array):
        raise ConversionError(f"{spec.name} holds numbers that {spec.dtype} does not")
    return made


def _row(arrays: _Arrays, at: int) -> _Arrays:
    return {
        kind: {name: array[at : at + 1] for name, array in named.items()} for kind, named in arrays.items()
    }


def _fits(arrays: _Arrays, signature: Signature) -> bool:
    return all(
        want in (have, BATCH)
        for spec in signature.inputs
        for want, have in zip(spec.shape, arrays["inputs"][spec.name].shape, strict=True)
    )
