"""Weights that become zero, of all layers together or two of each four; the file stays as large."""

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import compressed_bytes, write_model
from packager.converters.passes.onnx_weights import Layers, Weight
from packager.converters.passes.step import Step
from packager.converters.tensors import Array


def put(weight: Weight, array: Array) -> None:
    from onnx import numpy_helper

    name = weight.tensor.name
    weight.tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), name))


def write_pruned(model: Any, layers: Layers, zeros_before: int, step: Step) -> str:
    """What it says of itself: how many are zero, and what the file weighs as it is and in an archive."""
    write_model(model, step)
    total = sum(weight.count for weight in layers.weights)
    now = sum(zeros_of(weight) for weight in layers.weights)
    if now <= zeros_before:
        step.dest.unlink()
        raise ConversionError(
            f"{zeros_before:,} of {total:,} weights are zero already: there is nothing to prune"
        )
    before, after = (compressed_bytes(path) for path in (step.model, step.dest))
    return (
        f"{now / total:.0%} of {total:,} weights are zero: {step.dest.stat().st_size:,} bytes, "
        f"compressed {before:,} to {after:,}"
    )


def zeros_of(weight: Weight) -> int:
    return weight.count - int(np.count_nonzero(weight.array()))
