"""Writes an ONNX graph node by node: one call for each, names made on the way."""

from typing import Any, Protocol

import numpy as np

from packager.converters.request import Request
from packager.converters.signature import Signature

ML = "ai.onnx.ml"
# Old enough for every runtime, new enough for every node that is written here.
_OPSET, _ML_OPSET = 18, 3
_IR_VERSION = 8


class Adds(Protocol):
    """A graph that takes nodes; here and in a graph that skl2onnx is making."""

    def add(self, kind: str, *inputs: Any, domain: str = "", **attributes: Any) -> str:
        """One node with one output, whose name is returned; arrays among the inputs become constants."""
        ...


class Graph:
    """A graph of our own."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, *inputs: Any, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        names = [entry if isinstance(entry, str) else self._constant(entry) for entry in inputs]
        made = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [made], name=made, domain=domain, **attributes))
        return made

    def give(self, value: str, name: str) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"give_{name}"))

    def _constant(self, values: Any) -> str:
        from onnx import helper, numpy_helper

        array, name = np.asarray(values), f"constant_{len(self.constants)}"
        if array.dtype.kind in "OU":
            words = [str(word).encode() for word in array.ravel()]
            made = helper.make_tensor(name, helper.TensorProto.STRING, array.shape, words)
        else:
            made = numpy_helper.from_array(array, name)
        self.constants.append(made)
        return name

    def model(self, signature: Signature) -> Any:
        from onnx import TensorProto, helper

        def described(spec: Any) -> Any:
            kind = (
                TensorProto.STRING
                if spec.dtype == "string"
                else helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))
            )
            return helper.make_tensor_value_info(spec.name, kind, list(spec.shape))

        graph = helper.make_graph(
            self.nodes,
            self.request.name,
            [described(spec) for spec in signature.inputs],
            [described(spec) for spec in signature.outputs],
            self.constants,
        )
        opsets = [("", min(self.request.max_opset, _OPSET)), (ML, min(self.request.max_ml_opset, _ML_OPSET))]
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(domain, version) for domain, version in opsets],
            ir_version=min(_IR_VERSION, self.request.max_ir_version),
            producer_name="packager",
        )
