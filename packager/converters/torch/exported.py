"""Exported programs (torch.export): their signature, their answers, and ONNX by the dynamo exporter."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, translated
from packager.converters.onnx.graph import write_model
from packager.converters.request import Request
from packager.converters.signature import BATCH, Signature, TensorSpec
from packager.converters.torch.exporters import DYNAMO, from_program
from packager.converters.torch.flat import output_names
from packager.converters.torch.module import Exported
from packager.converters.torch.shapes import DimNames, dtype_name, output_specs
from packager.converters.torch.tables import table_bounds


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """``bounds``: by input, how many rows the smallest table has that its values are places in."""

    program: Any
    signature: Signature
    bounds: dict[str, int] = field(default_factory=dict)

    def run(self, arguments: list[Any]) -> list[Any]:
        import torch
        from torch.utils._pytree import tree_leaves, tree_unflatten

        given = (tensor.clone() for tensor in arguments)  # a program may write into what it is given
        leaves = [next(given) if isinstance(one, str) else one for one in _user_inputs(self.program)]
        args, kwargs = tree_unflatten(leaves, self.program.call_spec.in_spec)
        with torch.no_grad():
            return list(tree_leaves(self.program.module(check_guards=False)(*args, **kwargs)))

    def write(self, dest: Path, request: Request) -> Exported:
        proto = _exported(self.program, self.signature, request)
        return Exported(write_model(proto, self.signature, request, dest), DYNAMO.name, self)


def read_program(program: Any) -> ExportedModel:
    placeholders = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    dims = DimNames()
    inputs = tuple(
        _spec(name, placeholders[name], dims) for name in _user_inputs(program) if isinstance(name, str)
    )
    outputs = _outputs(program, dims, {spec.name for spec in inputs})
    limits = _limits(program, dims)
    limited = tuple(
        replace(spec, limits={dim: limits[dim] for dim in spec.shape if dim in limits}) for spec in inputs
    )
    return ExportedModel(program, Signature(limited, outputs), table_bounds(program))


def _user_inputs(program: Any) -> list[Any]:
    """The names of the tensors that a program takes; what was fixed at export (None, a number) as it is."""
    from torch.export.graph_signature import ConstantArgument, InputKind

    specs = [spec for spec in program.graph_signature.input_specs if spec.kind == InputKind.USER_INPUT]
    if any(isinstance(spec.arg, ConstantArgument) and isinstance(spec.arg.value, str) for spec in specs):
        raise ConversionError("The program takes a text as an input", hint="export it with tensors alone")
    return [spec.arg.value if isinstance(spec.arg, ConstantArgument) else spec.arg.name for spec in specs]


def _spec(name: str, node: Any, dims: DimNames) -> TensorSpec:
    import torch

    value = node.meta.get("val")
    if not isinstance(value, torch.Tensor):
        raise ConversionError(
            f"The program takes {name}, which is a {type(value).__name__} and not a tensor",
            hint="export it with tensors as its only inputs",
        )
    return TensorSpec(name, dtype_name(value.dtype), dims.shape(value.shape))


def _outputs(program: Any, dims: DimNames, taken: set[str]) -> tuple[TensorSpec, ...]:
    import torch

    final = next(node for node in program.graph.nodes if node.op == "output")
    by_name = {node.name: node for node in program.graph.nodes}
    given = list(program.graph_signature.user_outputs)
    values: list[Any] = [by_name[name].meta.get("val") if name in by_name else None for name in given]
    if not values or any(not isinstance(value, torch.Tensor) for value in values):
        raise ConversionError(
            f"The program gives {final.args}, not tensors alone", hint="return tensors from the model"
        )
    names = _output_names(program.call_spec.out_spec, taken)
    shapes = [dims.shape(value.shape) for value in values]
    return output_specs(names, [dtype_name(value.dtype) for value in values], shapes)


def _output_names(spec: Any, taken: set[str]) -> list[str]:
    """As a module's answers are named: the graph's own names are nothing that the user knows."""
    from torch.utils._pytree import tree_flatten_with_path, tree_unflatten

    leaves, _ = tree_flatten_with_path(tree_unflatten(range(spec.num_leaves), spec))
    return output_names([tuple(map(_part, path)) for path, _ in leaves], taken)


def _part(step: Any) -> str | int:
    """A key of a dictionary, a name of a field, a place in a tuple."""
    for kind in ("key", "name", "idx"):
        if hasattr(step, kind):
            found: str | int = getattr(step, kind)
            return found
    return str(step)


def training_parts(program: Any) -> list[str]:
    """The operators that were exported as they are in training: random, or fed by the rest of the batch."""
    return sorted(
        {
            node.target._schema.name.removeprefix("aten::")
            for node in program.graph.nodes
            if hasattr(node.target, "_schema") and _trains(node)
        }
    )


def _trains(node: Any) -> bool:
    names = [argument.name for argument in node.target._schema.arguments]
    given = dict(zip(names, node.args, strict=False)) | node.kwargs
    if not (given.get("train") or given.get("training")):
        return False
    # A recurrent layer without dropout is the same in both modes; norms without memory have but one.
    return bool(given.get("dropout", 1)) and given.get("running_mean", 1) is not None


def _limits(program: Any, dims: DimNames) -> dict[str, tuple[int, int | None]]:
    """What the program was exported for: of a branch on a size it kept one, and says so by a limit."""
    found: dict[str, tuple[int, int | None]] = {}
    for symbol, sizes in program.range_constraints.items():
        name = dims.names.get(str(symbol))
        if name is None:
            continue
        # torch takes no size for 1 unless told so: that one row is answered is proved by the first case.
        least = 0 if name == BATCH and sizes.lower <= 2 else int(sizes.lower)
        most = int(sizes.upper) if sizes.upper.is_Integer and sizes.upper < 1 << 31 else None
        if least > 1 or most is not None:
            found[name] = (least, most)
    return found


def _exported(program: Any, signature: Signature, request: Request) -> Any:
    hint = "replace the operation that it names, or export the model to ONNX yourself"
    with translated(ConversionError, "torch's ONNX exporter cannot convert this model", hint):
        inputs = [spec.name for spec in signature.inputs]
        proto = from_program(program, inputs, [spec.name for spec in signature.outputs], request.max_opset)
    del proto.graph.value_info[:]  # sizes of the example stand in there
    return proto
