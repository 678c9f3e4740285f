"""Which sizes of a TFLite model ship free, and the bytes that ship: proven at several sizes, else fixed.

The engine gives each answer its memory before the run. A model that only finds then how large an answer is
would write beside that memory, so none ships: what it computes of its inputs' sizes is made constant first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.onnx.trial import working_rows
from packager.converters.rows import Rows
from packager.converters.signature import NUMPY_TYPES, Signature, TensorSpec
from packager.converters.tensors import Array
from packager.converters.tflite.folding import folded, runs_in_given_memory
from packager.converters.tflite.interpreter import Answers
from packager.converters.tflite.inventing import table_sizes
from packager.converters.tflite.reading import Free, Run, Served, input_specs, served, with_outputs
from packager.converters.tflite.structure import structure_of

_BATCHES = (1, 2, 3)
# What another order of additions changes; a batch that is none changes much more.
_SAME = 1e-3
Inputs = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What ships, and the answers of the file as it came."""

    data: bytes
    signature: Signature
    answers: Answers
    notes: tuple[str, ...] = ()


def fit(data: bytes, found: Served) -> Fitted:
    """With all sizes free that the file leaves free, if that is proven; else with as many as are."""
    answers = Answers(data, found)
    failure: ConversionError | None = None
    for free in _ways(found):
        try:
            signature, samples = _seen(found, answers, free)
            shipped = shippable(data, found, answers, samples)
        except ConversionError as error:
            failure = failure or error
        else:
            return Fitted(shipped, signature, answers, _notes(signature, failure))
    assert failure is not None  # noqa: S101 - each way failed
    raise failure


def fit_batch(data: bytes, free: bool) -> bytes:
    """What a converter just wrote, as it can ship: with a batch of any size (``free``) or with its own."""
    found = served(structure_of(data, "the converted model"))
    fitted = fit(data, found)
    asked = Signature(input_specs(found, "all"), ())
    if free and asked.rowwise and not fitted.signature.inputs[0].batched and asked.inputs[0].batched:
        raise ConversionError("The converted model does not take batches of any size")
    return fitted.data


def _ways(found: Served) -> tuple[Free, ...]:
    """A batch may be fixed, since it is run in pieces then; other sizes may not: what they begin with is no
    size that anybody meant.
    """
    tensors = found.inputs.values()
    if any(-1 in tensor.free[1:] for tensor in tensors):
        return ("all", "rest") if any(tensor.free[:1] == (-1,) for tensor in tensors) else ("all",)
    return ("all", "none") if any(-1 in tensor.free for tensor in tensors) else ("none",)


def _notes(signature: Signature, failure: ConversionError | None) -> tuple[str, ...]:
    if failure is None:
        return ()
    sizes = ", ".join(f"{spec.name} {list(spec.shape)}" for spec in signature.inputs)
    return (f"the file leaves more sizes free than ship ({sizes}): {failure.message}",)


def _seen(found: Served, answers: Answers, free: Free) -> tuple[Signature, list[Inputs]]:
    """The signature, and inputs of all the sizes that it was proven with."""
    inputs = input_specs(found, free)
    samples = _of_several_sizes(inputs, found, answers) if free != "none" else [_plain_inputs(found)]
    return with_outputs(inputs, found, [_run_of(one, answers) for one in samples]), samples


def shippable(data: bytes, found: Served, answers: Answers, samples: list[Inputs]) -> bytes:
    """The file as it is if the engine can run it so, else with its computed sizes as constants."""
    if _keeps_to_its_memory(data, found, answers, samples):
        return data
    changed = None if found.place else folded(data, found, samples)
    if changed is None or not _keeps_to_its_memory(changed, found, answers, samples):
        raise ConversionError(
            "The sizes of the model's answers are found while it runs",
            hint="take a model whose answers have one size, such as the scores before they are sorted out",
        )
    return changed


def _keeps_to_its_memory(data: bytes, found: Served, answers: Answers, samples: list[Inputs]) -> bool:
    """Sizes first: a model that writes more than it said would do so in this process, too."""
    for inputs in samples:
        shapes = {name: array.shape for name, array in inputs.items()}
        wanted = {name: array.shape for name, array in answers.of(inputs).items()}
        try:
            if Answers(data, found).sizes_before(shapes) != wanted:
                return False
        except (RuntimeError, ValueError):
            return False
        if not runs_in_given_memory(data, found, inputs):
            return False
    return True


def _of_several_sizes(inputs: tuple[TensorSpec, ...], found: Served, answers: Answers) -> list[Inputs]:
    """Each row is answered as if it were alone."""
    asked = Signature(inputs, ())
    samples: list[Inputs] = []
    for batch in _BATCHES if asked.rowwise and inputs[0].batched else (1,):
        for rows in working_rows(asked, batch, 0, answers.run, table_sizes(found)):
            samples.append(rows.columns)
            if inputs[0].batched and len(rows) > 1:
                _check_rows(rows, answers)
    return samples


def _check_rows(rows: Rows, answers: Answers) -> None:
    together = answers.of(rows.columns)
    for at in range(len(rows)):
        alone = answers.of(rows.take(slice(at, at + 1)).columns)
        for name, array in together.items():
            follows = array.shape[:1] == (len(rows),)
            if not follows or not np.allclose(
                array[at], alone[name][0], rtol=_SAME, atol=_SAME, equal_nan=True
            ):
                raise ConversionError(f"The model's {name} for a row depends on the other rows")


def _run_of(inputs: Inputs, answers: Answers) -> Run:
    given = answers.of(inputs)
    return Run(
        {name: array.shape for name, array in inputs.items()},
        {name: array.shape for name, array in given.items()},
    )


def _plain_inputs(found: Served) -> Inputs:
    """Inputs of the sizes that the file begins with; places in a table may be 0, and masks true."""
    return {
        name: np.full(tensor.shape, tensor.dtype == "bool", NUMPY_TYPES[tensor.dtype])
        for name, tensor in found.inputs.items()
    }
