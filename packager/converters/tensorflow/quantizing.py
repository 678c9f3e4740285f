"""The pass `tf_quantize`: what TensorFlow's converter is told, and what came of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.evaluation import calibrating
from packager.converters.failure import ConversionError, SamplesError
from packager.converters.passes.step import Applied
from packager.converters.passes.tflite_shortened import shortened
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.sampled import read_sampled
from packager.converters.source import Source
from packager.converters.tensors import Array

KIND = "tf_quantize"
_WITH_RANGES = {
    "full_int8": "TFLITE_BUILTINS_INT8",
    "int16": "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8",
}


@dataclass(frozen=True, slots=True)
class Quantizing:
    """``runs``: what the model is given for its ranges to be seen; empty where only weights change."""

    mode: str
    runs: tuple[dict[str, Array], ...] = ()

    def tell(self, converter: Any) -> None:
        import tensorflow as tf

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if self.mode == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if self.runs:
            own = getattr(tf.lite.OpsSet, _WITH_RANGES[self.mode])
            converter.target_spec.supported_ops = [own, tf.lite.OpsSet.TFLITE_BUILTINS]
            converter.representative_dataset = lambda: iter(self.runs)

    def applied(self, data: bytes) -> Applied:
        """Refuses a file in which nothing became shorter."""
        layers = shortened(data)
        if not layers:
            raise ConversionError(f"TensorFlow's converter found nothing to make {self.mode}")
        said = ", ".join(f"{count} of {dtype}" for dtype, count in sorted(Counter(layers.values()).items()))
        by = f", ranges of {len(self.runs)} rows" if self.runs else ""
        return Applied(f"layers: {said}{by}", tuple(layers))


def quantizing(source: Source, request: Request) -> Quantizing | None:
    """What the request's pass asks for; None where there is no pass."""
    asked = [options for options in request.passes if options["kind"] == KIND]
    if not asked:
        return None
    if len(asked) > 1:
        raise ConversionError("A model is quantized once: tf_quantize is asked for twice")
    mode = asked[0]["mode"]
    return Quantizing(mode, tuple(_runs(source, request)) if mode in _WITH_RANGES else ())


def _runs(source: Source, request: Request) -> Iterator[dict[str, Array]]:
    """One row each where they are rows."""
    sampled = read_sampled(request, source.signature)
    if sampled is None:
        raise SamplesError(
            "Ranges between layers need real rows", hint="give rows of the real kind: --samples FILE"
        )
    rows = calibrating(source, request, sampled)
    for piece in [rows.take(slice(at, at + 1)) for at in range(len(rows))] if rows.batched else [rows]:
        yield {name: np.ascontiguousarray(array) for name, array in _given(source, piece).items()}


def _given(source: Source, rows: Rows) -> dict[str, Array]:
    return dict(source.tensors(rows))
