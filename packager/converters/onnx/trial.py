"""Finds inputs that a graph accepts when its file does not say which sizes go together."""

from collections.abc import Callable
from dataclasses import replace

from packager.converters.failure import ConversionError
from packager.converters.inventing import FREE_SIZES, invent_tensors
from packager.converters.rows import Rows
from packager.converters.signature import BATCH, Signature, TensorSpec
from packager.converters.source import Source

# Images of many networks must be multiples of 32; audio windows are a few hundred samples.
_SIZES = (FREE_SIZES, (32, 64), (128, 160), (512, 576), (256, 320), (1024, 2048))


def working_rows(signature: Signature, count: int, seed: int, run: Callable[[Rows], None]) -> list[Rows]:
    """The first plan whose inputs all run; the first plan's failure if none does."""
    failure: ConversionError | None = None
    for sizes in _SIZES:
        for tied in (False, True):
            made = invent_tensors(signature, count, seed, sizes, tied=tied)
            try:
                for rows in made:
                    run(rows)
            except ConversionError as error:
                failure = failure or error
            else:
                return made
    assert failure is not None  # noqa: S101 - every plan failed, so there is a first failure
    raise failure


def with_batch_outputs(signature: Signature, source: Source) -> Signature:
    """Outputs whose first size the file leaves unnamed: it is the batch if it follows the batch."""
    if not signature.rowwise or signature.batched or not signature.inputs[0].batched:
        return signature
    try:
        sizes = [
            {name: array.shape for name, array in source.answer(source.invent(count, 0)[0]).items()}
            for count in (2, 3)
        ]
    except ConversionError:
        return signature
    follows = {name for name in sizes[0] if sizes[0][name][:1] == (2,) and sizes[1][name][:1] == (3,)}
    return replace(signature, outputs=tuple(_followed(spec, follows) for spec in signature.outputs))


def _followed(spec: TensorSpec, follows: set[str]) -> TensorSpec:
    if spec.name not in follows or isinstance(spec.shape[0], int):
        return spec
    return replace(spec, shape=(BATCH, *spec.shape[1:]))
