"""Finds inputs that a graph accepts when its file does not say which sizes go together."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.inventing import FREE_SIZES, invent_tensors
from packager.converters.rows import Rows
from packager.converters.signature import BATCH, Signature, TensorSpec
from packager.converters.source import Source

# Images of many networks must be multiples of 32; audio windows are a few hundred samples.
_SIZES = (FREE_SIZES, (32, 64), (128, 160), (512, 576), (256, 320), (1024, 2048))

_ROUNDED = 0.25


def working_rows(
    signature: Signature, count: int, seed: int, run: Callable[[Rows], None], bounds: dict[str, int]
) -> list[Rows]:
    """The first plan whose inputs all run; the first plan's failure if none does."""
    failure: ConversionError | None = None
    for sizes in _SIZES:
        for tied in (False, True):
            made = invent_tensors(signature, count, seed, sizes, tied=tied, bounds=bounds)
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


def without_false_batch(signature: Signature, source: Source) -> Signature:
    """A free first size whose rows answer otherwise beside other rows is no batch: time steps, mostly.

    What a quantized graph rounds by the whole batch stays far below the bound.
    """
    if not (signature.rowwise and signature.inputs[0].batched):
        return signature
    try:
        rows = source.invent(3, 0)[0]
        together = source.answer(rows)
        apart = [source.answer(rows.take(slice(at, at + 1))) for at in range(len(rows))]
    except ConversionError:
        return signature
    for name, whole in together.items():
        for at, one in enumerate(apart):
            if whole.dtype.kind == "f" and whole[at : at + 1].shape == one[name].shape:
                scale = np.abs(np.nan_to_num(whole)).max(initial=0)
                moved = np.abs(np.nan_to_num(whole[at : at + 1] - one[name])).max(initial=0)
                if moved > _ROUNDED * scale:
                    return _without_batch(signature)
    return signature


def _without_batch(signature: Signature) -> Signature:
    def renamed(spec: TensorSpec) -> TensorSpec:
        return replace(spec, shape=tuple("dim_0" if dim == BATCH else dim for dim in spec.shape))

    return replace(
        signature,
        inputs=tuple(renamed(spec) for spec in signature.inputs),
        outputs=tuple(renamed(spec) for spec in signature.outputs),
    )
