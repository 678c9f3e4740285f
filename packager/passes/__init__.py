"""Passes: each describes one change of a model; workers carry it out (`packager/converters/passes`)."""

from collections.abc import Mapping
from difflib import get_close_matches

from packager.errors import ConfigError
from packager.optimized import PassRecord
from packager.passes.applying import LayerError, Oldest, Passed, apply, sensitivity
from packager.passes.base import Excluding, Pass
from packager.passes.cleanup import Cleanup
from packager.passes.dynamic_int8 import DynamicInt8
from packager.passes.float16 import Float16
from packager.passes.narrow_trees import NarrowTrees
from packager.passes.prune_2_4 import PruneTwoOfFour
from packager.passes.prune_channels import PruneChannels
from packager.passes.prune_magnitude import PruneMagnitude
from packager.passes.prune_weights import PruneWeights
from packager.passes.static_int8 import StaticInt8
from packager.passes.tf_quantize import TfQuantize
from packager.passes.tflite_dynamic_int8 import TfliteDynamicInt8
from packager.passes.tflite_full_int8 import TfliteFullInt8
from packager.passes.tflite_int4 import TfliteInt4
from packager.passes.tflite_int16 import TfliteInt16
from packager.passes.tidy_trees import TidyTrees
from packager.passes.truncate_trees import TruncateTrees
from packager.passes.weight_only import WeightOnly

__all__ = [
    "PASSES",
    "Excluding",
    "LayerError",
    "Oldest",
    "Pass",
    "PassRecord",
    "Passed",
    "apply",
    "find",
    "sensitivity",
]

PASSES: Mapping[str, type[Pass]] = {
    "cleanup": Cleanup,
    "dynamic_int8": DynamicInt8,
    "static_int8": StaticInt8,
    "float16": Float16,
    "weight_only": WeightOnly,
    "prune_magnitude": PruneMagnitude,
    "prune_channels": PruneChannels,
    "prune_weights": PruneWeights,
    "prune_2_4": PruneTwoOfFour,
    "truncate_trees": TruncateTrees,
    "narrow_trees": NarrowTrees,
    "tidy_trees": TidyTrees,
    "tf_quantize": TfQuantize,
    "tflite_dynamic_int8": TfliteDynamicInt8,
    "tflite_full_int8": TfliteFullInt8,
    "tflite_int4": TfliteInt4,
    "tflite_int16": TfliteInt16,
}
"""Every pass by its kind."""


def find(kind: str) -> type[Pass]:
    """The pass of that kind (`static-int8`, too, is `static_int8`); ConfigError names the known ones."""
    name = kind.replace("-", "_")
    if name not in PASSES:
        close = get_close_matches(name, PASSES, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(PASSES)}"
        raise ConfigError(f"there is no pass {kind!r}", hint)
    return PASSES[name]
