"""What the layers of an opened Keras model tell: names of its inputs and outputs, and sizes of its tables."""

from collections.abc import Iterator, Mapping
from typing import Any

from packager.converters.failure import ConversionError
from packager.converters.rows import Rows

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


def input_names(model: Any, inputs: list[Any]) -> list[str]:
    """The keys of a dictionary that the model takes, since the user knows those; else its layers' names."""
    structure: Any = getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))
    keys = {id(held): str(key) for key, held in structure.items()} if isinstance(structure, dict) else {}
    if all(id(tensor) in keys for tensor in inputs):
        return [keys[id(tensor)] for tensor in inputs]
    return layer_names(inputs)


def layer_names(tensors: list[Any]) -> list[str]:
    """The names that the user gave the layers whose tensors these are."""
    return unique([_own_name(tensor) for tensor in tensors])


def _own_name(tensor: Any) -> str:
    history = getattr(tensor, "_keras_history", None)
    layer = getattr(history, "operation", None) or getattr(history, "layer", None)
    return str(layer.name) if layer is not None else str(tensor.name).partition(":")[0]


def output_names(model: Any, taken: list[str]) -> list[str]:
    """The keys of a dictionary that the model answers with, else the names of the layers that answer."""
    structure: Any = getattr(model, "_outputs_struct", getattr(model, "_nested_outputs", None))
    held = structure.values() if isinstance(structure, dict) else ()
    if held and not any(isinstance(one, dict | list | tuple) for one in held):
        named: Any = sorted(structure)  # the order in which dictionaries are taken apart
    else:
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
    found = {
        name: [size for layer in _first_layers(model, tensor) for size in _embeddings(layer)]
        for tensor, name in zip(inputs, names, strict=True)
    }
    return {name: min(sizes) for name, sizes in found.items() if sizes}


def mask_values(model: Any, inputs: list[Any], names: list[str]) -> dict[str, float]:
    """For each input with steps to leave out: the value that marks them."""
    return {
        name: float(layer.mask_value)
        for tensor, name in zip(inputs, names, strict=True)
        for layer in _first_layers(model, tensor)
        if type(layer).__name__ == "Masking"
    }


def with_masked_steps(rows: Rows, marks: Mapping[str, float]) -> Rows:
    """Every second row with its last third marked: made values would never meet the mark."""
    columns = dict(rows.columns)
    for name, mark in marks.items():
        columns[name] = columns[name].copy()
        steps = columns[name].shape[1]
        columns[name][1::2, steps - steps // 3 :] = mark
    return Rows(columns, rows.batched)


def _first_layers(model: Any, tensor: Any) -> Iterator[Any]:
    """The layers that take the input's own values."""
    begin = getattr(tensor, "_keras_history", (None,))[0]
    layers = list(model.layers)
    hidden = begin not in layers  # a Sequential model does not list its input
    waiting, seen = layers[:1] if hidden else [begin], set()
    while waiting:
        layer = waiting.pop()
        if layer is None or id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        if type(layer).__name__ in _SAME_VALUES:
            following = layers[layers.index(layer) + 1 :][:1] if hidden and layer in layers else []
            waiting += [*_followers(layer), *following]


def _embeddings(layer: Any) -> Iterator[int]:
    """The sizes of the tables that the layer is, or that stand within it."""
    if hasattr(layer, "input_dim") and "Embedding" in type(layer).__name__:
        yield int(layer.input_dim)
    if type(layer).__name__ == "CategoryEncoding":
        yield int(layer.num_tokens)
    for inner in getattr(layer, "layers", None) or [getattr(layer, "layer", None)]:
        if inner is not None and inner is not layer:
            yield from _embeddings(inner)


def _followers(layer: Any) -> list[Any]:
    nodes = getattr(layer, "_outbound_nodes", ())
    return [getattr(node, "operation", None) or getattr(node, "layer", None) for node in nodes]
