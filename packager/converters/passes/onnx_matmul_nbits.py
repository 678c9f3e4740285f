"""Matrices of 4 or 8 bits that the engine unpacks at each multiplication: its own operator MatMulNBits.

Source: the operator's page in ONNX Runtime's documentation (ContribOperators, com.microsoft.MatMulNBits): a
column's values lie in blocks, filled up with zeros, two of 4 bits in a byte, the first in the low bits.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.onnx.graph import subgraphs
from packager.converters.passes.onnx_integers import Integers, rounded
from packager.converters.passes.onnx_weights import Layers, Weight
from packager.converters.tensors import Array

_DOMAIN = "com.microsoft"
_MIDDLE = {4: 8, 8: 128}
"""What the operator takes for zero where it is given no zero points."""


def matrices(model: Any, layers: Layers) -> Layers:
    """Those that are the right side of products with floats; other layers stay as they are."""
    weights = tuple(weight for weight in layers.weights if _products(model, weight))
    if not weights:
        raise ConversionError(
            "No layer multiplies by a constant matrix, and MatMulNBits is for those alone",
            hint="how = dequantize stores the weights of all layers so",
        )
    return replace(layers, weights=weights)


def replace_products(
    model: Any, layers: Layers, bits: int, block_size: int, symmetric: bool, accuracy_level: int
) -> None:
    for weight in layers.weights:
        readers = _products(model, weight)
        matrix = weight.array()
        if _is_transposed(readers[0][1]):
            matrix = matrix.T
        stored = _stored(weight.tensor.name, matrix, bits, block_size, symmetric)
        attributes = {"K": matrix.shape[0], "N": matrix.shape[1], "bits": bits, "block_size": block_size}
        if accuracy_level:
            attributes["accuracy_level"] = accuracy_level
        for graph, node in readers:
            _multiply(graph, node, [tensor.name for tensor in stored], attributes)
        weight.graph.initializer.remove(weight.tensor)
        weight.graph.initializer.extend(stored)
    if not any(entry.domain == _DOMAIN for entry in model.opset_import):
        model.opset_import.add(domain=_DOMAIN, version=1)


def _products(model: Any, weight: Weight) -> list[tuple[Any, Any]]:
    """The nodes that read the weight, each with its graph; none where one of them is not such a product."""
    from onnx import TensorProto

    name = weight.tensor.name
    found = [(graph, node) for graph in subgraphs(model.graph) for node in graph.node if name in node.input]
    is_matrix = len(weight.tensor.dims) == 2 and weight.tensor.data_type == TensorProto.FLOAT
    turned = {_is_transposed(node) for _, node in found}
    fits = is_matrix and len(turned) == 1 and all(_is_product(node, name) for _, node in found)
    return found if fits else []


def _is_product(node: Any, name: str) -> bool:
    if node.op_type not in ("MatMul", "Gemm") or list(node.input).index(name) != 1:
        return False
    options = {one.name: one.i or one.f for one in node.attribute}
    return not options.get("transA") and options.get("alpha", 1.0) == 1.0 and options.get("beta", 1.0) == 1.0


def _is_transposed(node: Any) -> bool:
    return any(one.name == "transB" and one.i for one in node.attribute)


def _stored(name: str, matrix: Array, bits: int, block_size: int, symmetric: bool) -> list[Any]:
    from onnx import numpy_helper

    inputs, columns = matrix.shape
    blocks = -(-inputs // block_size)
    padded = np.zeros((columns, blocks * block_size), np.float32)
    padded[:, :inputs] = matrix.T
    found = rounded(padded.reshape(columns, blocks, block_size), (2,), bits, symmetric)
    arrays = {"int": _packed(_from_zero(found, bits), bits), "scales": found.scales[..., 0]}
    if found.zeros is not None:
        zeros = found.zeros[..., 0]
        even = np.pad(zeros, ((0, 0), (0, blocks % 2 if bits == 4 else 0)))
        arrays["zeros"] = _packed(even, bits)
    return [numpy_helper.from_array(array, f"{name}_{what}") for what, array in arrays.items()]


def _from_zero(found: Integers, bits: int) -> Array:
    middle = _MIDDLE[bits] if found.zeros is None else 0
    return (found.values.astype(np.int16) + middle).astype(np.uint8)


def _packed(values: Array, bits: int) -> Array:
    return values if bits == 8 else values[..., 0::2] | (values[..., 1::2] << 4)


def _multiply(graph: Any, node: Any, stored: list[str], attributes: dict[str, int]) -> None:
    """In the place of the node, under its name; what a Gemm adds is a node of its own."""
    from onnx import helper

    at, output = list(graph.node).index(node), node.output[0]
    bias = node.input[2] if node.op_type == "Gemm" and len(node.input) > 2 else ""
    product = f"{output}_product" if bias else output
    made = helper.make_node(
        "MatMulNBits", [node.input[0], *stored], [product], node.name, domain=_DOMAIN, **attributes
    )
    graph.node.remove(node)
    graph.node.insert(at, made)
    if bias:
        graph.node.insert(at + 1, helper.make_node("Add", [product, bias], [output], f"{node.name}_bias"))
