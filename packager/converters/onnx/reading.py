"""A graph's signature: named dimensions, roles of outputs, classes; maps of probabilities become tensors."""

import re
from dataclasses import dataclass
from typing import Any

from packager.converters.failure import ConversionError, SourceError, translated
from packager.converters.onnx.graph import rename
from packager.converters.signature import BATCH, NUMPY_TYPES, Dim, Role, Signature, TensorSpec

_WEIGHTS_APART = 4
_CLASSIFIERS = frozenset({"LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"})


@dataclass(frozen=True, slots=True)
class ReadGraph:
    """``renamed``: for each output its name in the file and its name in what ships."""

    model: Any
    signature: Signature
    renamed: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


def read_graph(model: Any, labels: tuple[Any, ...] | None) -> ReadGraph:
    """``labels``: the classes of the maps that were taken out."""
    graph = model.graph
    notes = []
    given = [value.name for value in graph.output]
    if labels is not None:
        notes.append("the map of probabilities (ZipMap) became a tensor with one column for each class")
    _drop_weight_inputs(model)
    dims = _Dims(list(graph.input))
    inputs = tuple(_input_spec(value, dims) for value in graph.input)
    if not inputs:
        raise ConversionError("The model takes no inputs: it always answers the same")
    outputs = _output_specs(model, labels, dims)
    classes = labels or (_classifier_labels(graph) if _has_label(outputs) else ())
    shipped = [spec.name for spec in outputs]
    return ReadGraph(
        model,
        Signature(inputs, outputs, tuple(classes)),
        tuple(zip(given, shipped, strict=True)),
        tuple(notes),
    )


def complete_shapes(model: Any) -> None:
    """Files may leave out the shapes of outputs: inference finds them, or the signature has none to name."""
    import onnx

    for value in model.graph.input:
        if _lacks_shape(value):
            raise ConversionError(
                f"The input {value.name} has no shape in the file",
                hint="export the model with the shapes of its inputs",
            )
    bare = {value.name: value for value in model.graph.output if _lacks_shape(value)}
    if not bare:
        return
    with translated(SourceError, "The shapes of the model's outputs cannot be inferred"):
        inferred = onnx.shape_inference.infer_shapes(model)
    for value in inferred.graph.output:
        if value.name in bare and _lacks_shape(value):
            raise ConversionError(
                f"The output {value.name} has no shape in the file, and none can be inferred",
                hint="export the model with the shapes of its outputs",
            )
        if value.name in bare:
            bare[value.name].CopyFrom(value)


def _lacks_shape(value: Any) -> bool:
    return value.type.HasField("tensor_type") and not value.type.tensor_type.HasField("shape")


def _drop_weight_inputs(model: Any) -> None:
    """Files before IR version 4 list their weights among the inputs."""
    model.ir_version = max(model.ir_version, _WEIGHTS_APART)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(inputs)


class _Dims:
    """Names for free dimensions: ``batch`` for a free first one, those of the file, or made ones."""

    def __init__(self, inputs: list[Any]) -> None:
        self.made = 0
        self.names: dict[str, str] = {}
        for value in inputs:
            for dim in list(value.type.tensor_type.shape.dim)[:1]:
                if _usable(dim.dim_param):
                    self.names[dim.dim_param] = BATCH
        self.inputs = {value.name for value in inputs}

    def shape(self, value: Any) -> tuple[Dim, ...]:
        dims = value.type.tensor_type.shape.dim
        return tuple(self._dim(value.name, at, dim) for at, dim in enumerate(dims))

    def _dim(self, value: str, at: int, dim: Any) -> Dim:
        if dim.HasField("dim_value") and dim.dim_value > 0:
            return int(dim.dim_value)
        if at == 0 and value in self.inputs:
            return BATCH
        symbol = dim.dim_param
        if symbol in self.names:
            return self.names[symbol]
        name = symbol if _usable(symbol) and symbol != BATCH else self._make_name()
        if _usable(symbol):
            self.names[symbol] = name
        return name

    def _make_name(self) -> str:
        self.made += 1
        return f"dim_{self.made}"


def _usable(symbol: str) -> bool:
    """Exporters write "?" or expressions for sizes that they do not know."""
    return re.fullmatch(r"[A-Za-z_]\w*", symbol) is not None


def _input_spec(value: Any, dims: _Dims) -> TensorSpec:
    if not value.type.HasField("tensor_type"):
        raise ConversionError(f"The input {value.name} is a {value.type.WhichOneof('value')}, not a tensor")
    return TensorSpec(value.name, dtype_name(value), dims.shape(value))


def dtype_name(value: Any) -> str:
    import onnx

    code = value.type.tensor_type.elem_type
    try:
        name = (
            "string" if code == onnx.TensorProto.STRING else onnx.helper.tensor_dtype_to_np_dtype(code).name
        )
    except KeyError:
        name = f"type {code}"
    if name not in NUMPY_TYPES:
        raise ConversionError(f"{value.name} is a tensor of {name}, which the runtime does not take")
    return name


def _output_specs(model: Any, labels: tuple[Any, ...] | None, dims: _Dims) -> tuple[TensorSpec, ...]:
    roles = _roles(model.graph, labels)
    specs = []
    for value in model.graph.output:
        if not value.type.HasField("tensor_type"):
            raise ConversionError(
                f"The output {value.name} is a {value.type.WhichOneof('value')}, not a tensor",
                hint="export the model without sequences and maps (skl2onnx: options={'zipmap': False})",
            )
        specs.append(TensorSpec(value.name, dtype_name(value), dims.shape(value), roles[value.name]))
    return tuple(specs)


def _roles(graph: Any, labels: tuple[Any, ...] | None) -> dict[str, Role]:
    names = [value.name for value in graph.output]
    if len(names) == 1:
        return {names[0]: "prediction"}
    roles: dict[str, Role] = dict.fromkeys(names, "tensor")
    if len(names) == 2 and (labels is not None or _has_classifier(graph)):
        first = graph.output[0]
        if dtype_name(first) in ("int64", "string"):
            roles[names[0]], roles[names[1]] = "label", "probabilities"
    return roles


def _has_label(outputs: tuple[TensorSpec, ...]) -> bool:
    return any(spec.role == "label" for spec in outputs)


def _has_classifier(graph: Any) -> bool:
    return any(node.op_type in _CLASSIFIERS for node in graph.node)


def _classifier_labels(graph: Any) -> tuple[Any, ...]:
    for node in graph.node:
        if node.op_type in _CLASSIFIERS:
            return _labels_of(node)
    return ()


def _labels_of(node: Any) -> tuple[Any, ...]:
    for attribute in node.attribute:
        if attribute.name.startswith("classlabels"):
            return tuple(attribute.ints) or tuple(text.decode() for text in attribute.strings)
    return ()


def drop_zip_maps(graph: Any) -> tuple[Any, ...] | None:
    """Takes ZipMap's input for its output; returns the classes it named, or None without a ZipMap."""
    import onnx

    labels: tuple[Any, ...] | None = None
    for node in [node for node in graph.node if node.op_type == "ZipMap"]:
        labels = next(
            tuple(a.ints) or tuple(text.decode() for text in a.strings)
            for a in node.attribute
            if a.name.startswith("classlabels")
        )
        graph.node.remove(node)
        source, mapped = node.input[0], node.output[0]
        rename(graph, {source: mapped})
        for value in graph.output:
            if value.name == mapped:
                value.CopyFrom(
                    onnx.helper.make_tensor_value_info(mapped, onnx.TensorProto.FLOAT, [None, len(labels)])
                )
    return labels
