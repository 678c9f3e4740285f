"""Products of matrices and their biases in one node, as the engine multiplies them in 8 bits."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from packager.converters.onnx.graph import reads_of, unused_name


def merge_biases(model: Any) -> None:
    """MatMul and Add become a Gemm, by the name of the MatMul, of rows and a constant matrix.

    The model's shapes are inferred before; else no rank is known, and nothing is merged.
    """
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    ranks = {
        value.name: len(value.type.tensor_type.shape.dim)
        for value in [*graph.value_info, *graph.input]
        if value.type.tensor_type.HasField("shape")
    }
    shown = {value.name for value in graph.output}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in reads_of(node):
            readers.setdefault(name, []).append(node)
    merged = []
    for node in graph.node:
        taking = readers.get(node.output[0], []) if node.op_type == "MatMul" else []
        if len(taking) != 1 or node.output[0] in shown or ranks.get(node.input[0]) != 2:
            continue
        bias = _bias(node, taking[0], weights)
        if bias is not None:
            _merge(model, node, taking[0], bias)
            merged.append(taking[0])
    for node in merged:
        graph.node.remove(node)


def flatten_biases(model: Any) -> None:
    """The constant of a Gemm has a number for each column: the quantizer fails over one in a matrix of one
    row, and over one number for all."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "Gemm" or len(node.input) < 3:
            continue
        matrix, bias = weights.get(node.input[1]), weights.get(node.input[2])
        if matrix is None or bias is None:
            continue
        turned = any(one.name == "transB" and one.i for one in node.attribute)
        columns = matrix.dims[0 if turned else 1]
        if list(bias.dims) in ([], [1], [1, 1], [1, columns]) and list(bias.dims) != [columns]:
            node.input[2] = _flat(model, bias, node.name, columns)


def _flat(model: Any, bias: Any, layer: str, columns: int) -> str:
    from onnx import numpy_helper

    array = np.broadcast_to(numpy_helper.to_array(bias).reshape(-1), (columns,))
    name = unused_name(model, f"{layer}_bias")
    model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
    return name


def fold_factors(model: Any) -> None:
    """A Gemm's factors go into its constants: the quantizer loses that of a bias."""
    import onnx
    from onnx import numpy_helper

    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type != "Gemm":
            continue
        factors = {one.name: one.f for one in node.attribute if one.name in ("alpha", "beta")}
        for name, place in (("alpha", 1), ("beta", 2)):
            factor = factors.get(name, 1.0)
            held = weights.get(node.input[place]) if place < len(node.input) else None
            if factor == 1.0 or held is None or held.data_type != onnx.TensorProto.FLOAT:
                continue
            folded = numpy_helper.to_array(held) * np.float32(factor)
            node.input[place] = unused_name(model, f"{node.name}_{name}_in")
            graph.initializer.append(numpy_helper.from_array(folded, node.input[place]))
            kept = [one for one in node.attribute if one.name != name]
            del node.attribute[:]
            node.attribute.extend(kept)


def _bias(product: Any, added: Any, weights: Mapping[str, Any]) -> Any:
    """The constant that is added to each column, if nothing else is."""
    if added.op_type != "Add" or product.input[1] not in weights:
        return None
    matrix = weights[product.input[1]]
    other = added.input[1] if added.input[0] == product.output[0] else added.input[0]
    bias = weights.get(other)
    if bias is None or len(matrix.dims) != 2 or bias.data_type != matrix.data_type:
        return None
    columns = matrix.dims[1]
    return bias if list(bias.dims) in ([columns], [1, columns]) else None


def _merge(model: Any, product: Any, added: Any, bias: Any) -> None:
    import onnx

    flat = _flat(model, bias, product.name, bias.dims[-1])
    made = onnx.helper.make_node("Gemm", [*product.input, flat], list(added.output), name=product.name)
    product.CopyFrom(made)
