"""ONNX of what TensorFlow runs: tf2onnx, what it leaves open repaired, the user's names put back."""

from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, translated
from packager.converters.onnx.graph import rename, subgraphs, write_model
from packager.converters.request import Request
from packager.converters.signature import Signature

_NEWEST_OPSET = 18
_HINT = "replace the operation that it names, or export the model to ONNX yourself"


def write_onnx(call: Any, signature: Signature, request: Request, dest: Path) -> tuple[int, str]:
    """The opset and the converter's name."""
    import tf2onnx

    asked = input_specs(signature, [f"given_{at}" for at in range(len(signature.inputs))])
    with translated(ConversionError, "tf2onnx cannot convert this model", _HINT):
        proto, _ = tf2onnx.convert.from_function(
            function_of(call, asked), input_signature=asked, opset=min(request.max_opset, _NEWEST_OPSET)
        )
    _repair_erfc(proto.graph)
    _refuse_unknown(proto.graph)
    _name(proto.graph, signature)
    del proto.graph.value_info[:]
    return write_model(proto, signature, request, dest), f"tf2onnx {tf2onnx.__version__}"


def input_specs(signature: Signature, names: list[str]) -> list[Any]:
    import tensorflow as tf

    return [
        tf.TensorSpec([dim if isinstance(dim, int) else None for dim in spec.shape], spec.dtype, name=name)
        for name, spec in zip(names, signature.inputs, strict=True)
    ]


def function_of(call: Any, asked: list[Any]) -> Any:
    """A graph function; each answer is a tensor of its own, even where the model gives one twice."""
    import tensorflow as tf

    @tf.function(input_signature=asked)  # type: ignore[untyped-decorator, unused-ignore]
    def function(*given: Any) -> tuple[Any, ...]:
        return tuple(tf.identity(answer) for answer in call(list(given)))

    return function


def _repair_erfc(graph: Any) -> None:
    """tf2onnx keeps TensorFlow's Erfc, which ONNX has not: 1 - Erf(x)."""
    import onnx

    for inner in subgraphs(graph):
        for node in [node for node in inner.node if node.op_type == "Erfc"]:
            at = list(inner.node).index(node)
            one, erf = f"{node.output[0]}_one", f"{node.output[0]}_erf"
            kind = _float_type(graph, node.input[0])
            inner.initializer.append(onnx.helper.make_tensor(one, kind, [], [1.0]))
            inner.node.insert(at, onnx.helper.make_node("Sub", [one, erf], list(node.output)))
            inner.node.insert(at, onnx.helper.make_node("Erf", list(node.input), [erf]))
            inner.node.remove(node)


def _refuse_unknown(graph: Any) -> None:
    """tf2onnx leaves what it does not know as it was, and says so in its log alone."""
    import onnx

    nodes = [node for inner in subgraphs(graph) for node in inner.node]
    odd = sorted({node.op_type for node in nodes if not onnx.defs.has(node.op_type, node.domain)})
    if odd:
        raise ConversionError(f"tf2onnx has no ONNX for {', '.join(odd[:5])} of TensorFlow", hint=_HINT)


def _float_type(graph: Any, name: str) -> int:
    for value in graph.value_info:
        if value.name == name and value.type.tensor_type.elem_type:
            return int(value.type.tensor_type.elem_type)
    return 1


def _name(graph: Any, signature: Signature) -> None:
    given, answers = [v.name for v in graph.input], [v.name for v in graph.output]
    wanted_in = [spec.name for spec in signature.inputs]
    wanted_out = [spec.name for spec in signature.outputs]
    if len(given) != len(wanted_in) or len(answers) != len(wanted_out):
        raise ConversionError(
            f"tf2onnx made a graph of {len(given)} inputs and {len(answers)} outputs "
            f"out of a model with {len(wanted_in)} and {len(wanted_out)}: an input has no effect"
        )
    order = {f"given_{at}": name for at, name in enumerate(wanted_in)}
    names = {name: order[name.partition(":")[0]] for name in given} | dict(
        zip(answers, wanted_out, strict=True)
    )
    taken = set(names.values()) - set(names)
    rename(graph, {name: f"{name}__inner" for name in taken})
    rename(graph, names)
    inputs = {value.name: value for value in graph.input}
    del graph.input[:]
    graph.input.extend(inputs[name] for name in wanted_in)
