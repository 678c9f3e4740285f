"""What a TFLite file may hold to be served: refused here, by name, before anything runs."""

import math
from collections import Counter

from packager.converters.failure import ConversionError, SourceError
from packager.converters.signature import NUMPY_TYPES
from packager.converters.tflite.structure import Stored, StoredTensor

# Custom operators that LiteRT itself brings, and those that its fast kernels (XNNPACK) take.
_BROUGHT = frozenset({"TFLite_Detection_PostProcess", "Mfcc", "AudioSpectrogram"}) | {
    "Convolution2DTransposeBias",
    "MaxPoolingWithArgmax2D",
    "MaxUnpooling2D",
}
_SERVED = frozenset(NUMPY_TYPES) - {"string"}
_LARGEST_BYTES = 1 << 30


def check_operators(stored: Stored) -> None:
    """No operator that LiteRT has not, and none that remembers from one request to the next."""
    custom = Counter(
        operator.custom
        for graph in stored.graphs
        for operator in graph.operators
        if operator.kind == "CUSTOM" and operator.custom not in _BROUGHT
    )
    if custom:
        names = ", ".join(f"{name or 'one without a name'} ({count})" for name, count in custom.items())
        of_tensorflow = any(name.startswith("Flex") for name in custom)
        raise ConversionError(
            f"The model uses operators that LiteRT does not have: {names}",
            hint="convert it again without SELECT_TF_OPS"
            if of_tensorflow
            else "the package that made it runs them itself; take a model of built-in operators",
        )
    _refuse_memory(stored)


def _refuse_memory(stored: Stored) -> None:
    """Variables are constants in disguise where only a graph that is called once assigns them."""
    begins = {operator.starts for graph in stored.graphs for operator in graph.operators}
    assigned = sum(
        operator.kind == "ASSIGN_VARIABLE"
        for at, graph in enumerate(stored.graphs)
        if at not in begins
        for operator in graph.operators
    )
    if assigned:
        raise ConversionError(
            f"The model keeps a state from one call to the next ({assigned} × ASSIGN_VARIABLE), and a "
            "function's answer must not depend on earlier requests",
            hint="convert it with its state as inputs and outputs",
        )


def check_tensors(named: dict[str, StoredTensor], which: str) -> None:
    """Inputs or outputs: each has a name, and numbers of a kind that is served."""
    if not named:
        raise SourceError(f"The model has no {which}s")
    for name, tensor in named.items():
        if not name:
            raise SourceError(f"The model has an {which} without a name")
        if tensor.dtype not in _SERVED:
            raise ConversionError(
                f"The {which} {name} holds {tensor.dtype}; served are {', '.join(sorted(_SERVED))}"
            )
        size_bytes = math.prod(tensor.shape) * NUMPY_TYPES[tensor.dtype].itemsize
        if size_bytes > _LARGEST_BYTES:
            raise SourceError(
                f"The {which} {name} has the shape {list(tensor.shape)}, which takes {size_bytes >> 20} MB; "
                f"at most {_LARGEST_BYTES >> 20} are taken"
            )
