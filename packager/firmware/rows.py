"""Rows for generated C and its answers, as files: each tensor's row in its dtype, little-endian, no gaps."""

from collections.abc import Sequence

import numpy as np

from packager.errors import VerificationError
from packager.model import Signature, TensorSpec
from packager.probe import Answers, Array, Case


def encode(cases: Sequence[Case], signature: Signature) -> bytes:
    """Every row of every case, one after another."""
    rows = [_bytes_of([case.inputs[spec.name] for spec in signature.inputs], signature) for case in cases]
    return np.concatenate(rows).tobytes()


def decode(written: bytes, cases: Sequence[Case], signature: Signature) -> Answers:
    """The answers to ``encode``, case by case again; VerificationError where some are missing."""
    counts = [_count(case, signature) for case in cases]
    if len(written) != sum(counts) * answer_bytes(signature):
        raise VerificationError(
            f"the program answered {len(written):,} bytes to {sum(counts)} rows, and "
            f"{answer_bytes(signature)} bytes are one answer",
        )
    table = np.frombuffer(written, np.uint8).reshape(sum(counts), -1)
    parts = np.split(table, np.cumsum(counts)[:-1])
    return Answers(tuple(_outputs(part, signature) for part in parts), 0.0, ())


def row_bytes(signature: Signature) -> int:
    """What one row takes."""
    return sum(_size(spec) for spec in signature.inputs)


def answer_bytes(signature: Signature) -> int:
    """What one answer takes."""
    return sum(_size(spec) for spec in signature.outputs)


def _count(case: Case, signature: Signature) -> int:
    return int(case.inputs[signature.inputs[0].name].shape[0])


def _bytes_of(arrays: Sequence[Array], signature: Signature) -> Array:
    """A table of bytes with a line for each row."""
    columns = [
        np.ascontiguousarray(array, dtype=_dtype(spec)).reshape(array.shape[0], -1).view(np.uint8)
        for array, spec in zip(arrays, signature.inputs, strict=True)
    ]
    return np.concatenate(columns, axis=1)


def _outputs(table: Array, signature: Signature) -> dict[str, Array]:
    ends = np.cumsum([_size(spec) for spec in signature.outputs])
    pieces = np.split(table, ends[:-1], axis=1)
    return {
        spec.name: np.ascontiguousarray(piece).view(_dtype(spec)).reshape(len(table), *spec.shape[1:])
        for piece, spec in zip(pieces, signature.outputs, strict=True)
    }


def _size(spec: TensorSpec) -> int:
    return _dtype(spec).itemsize * int(np.prod([int(dim) for dim in spec.shape[1:]], dtype=int))


def _dtype(spec: TensorSpec) -> np.dtype[np.generic]:
    return np.dtype(spec.dtype).newbyteorder("<")
