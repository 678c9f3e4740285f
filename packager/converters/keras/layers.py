"""What the layers of an opened Keras model tell: names of its inputs and outputs, and sizes of its tables."""

from collections.abc import Iterator
from typing import Any

from packager.converters.failure import ConversionError

# Layers whose output holds their input's own values.
_SAME_VALUES = frozenset(
    {
        "Cast",
        "Concatenate",
        "Dropout",
        "ExpandDims",
        "Flatten",
        "GetItem",
        "Identity",
        "InputLayer",
        "Masking",
    }
    | {"Permute", "RepeatVector", "Reshape", "SpatialDropout1D", "Squeeze", "Transpose"}
)


def inputs_of(model: Any, file: str) -> list[Any]:
    """The symbolic inputs in the order in which the model takes them."""
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise ConversionError(
            f"{file} holds a model that does not say the shapes of its inputs",
            hint="call it once on real rows, or give it keras.Input, and save it again",
        )
    return list(inputs)


def layer_names(tensors: list[Any]) -> list[str]:
    """The names that the user gave the layers whose tensors these are."""
    return unique([_own_name(tensor) for tensor in tensors])


def _own_name(tensor: Any) -> str:
    history = getattr(tensor, "_keras_history", None)
    layer = getattr(history, "operation", None) or getattr(history, "layer", None)
    return str(layer.name) if layer is not None else str(tensor.name).partition(":")[0]


def output_names(model: Any, taken: list[str]) -> list[str]:
    """The keys of a dictionary that the model answers with, else the names of the layers that answer."""
    named = getattr(model, "output_names", None)
    names = [str(name) for name in named] if named else layer_names(list(model.outputs))
    return unique([f"{name}_out" if name in taken else name for name in names])


def unique(names: list[str]) -> list[str]:
    """A layer that answers with several tensors gives its name to each."""
    made: list[str] = []
    for name in names:
        made.append(f"{name}_{names[: len(made)].count(name)}" if name in made else name)
    return made


def table_bounds(model: Any, inputs: list[Any], names: list[str]) -> dict[str, int]:
    """For each input whose values are places in tables: how many rows the smallest of these has."""
    bounds = {}
    for tensor, name in zip(inputs, names, strict=True):
        found = list(_tables(model, getattr(tensor, "_keras_history", (None,))[0]))
        if found:
            bounds[name] = min(found)
    return bounds


def _tables(model: Any, begin: Any) -> Iterator[int]:
    waiting, seen = [begin], set()
    layers = list(model.layers)
    if begin not in layers:  # a Sequential model hides its input
        waiting = layers[:1]
    while waiting:
        layer = waiting.pop()
        if id(layer) in seen or layer is None:
            continue
        seen.add(id(layer))
        within = list(_embeddings(layer))
        yield from within
        if not within and type(layer).__name__ in _SAME_VALUES:
            waiting += _followers(layer)
            if begin not in layers and layer in layers:
                waiting += layers[layers.index(layer) + 1 :][:1]


def _embeddings(layer: Any) -> Iterator[int]:
    """The sizes of the tables that the layer is, or that stand within it."""
    if hasattr(layer, "input_dim") and "Embedding" in type(layer).__name__:
        yield int(layer.input_dim)
    for inner in getattr(layer, "layers", None) or [getattr(layer, "layer", None)]:
        if inner is not None and inner is not layer:
            yield from _embeddings(inner)


def _followers(layer: Any) -> list[Any]:
    nodes = getattr(layer, "_outbound_nodes", ())
    return [getattr(node, "operation", None) or getattr(node, "layer", None) for node in nodes]
