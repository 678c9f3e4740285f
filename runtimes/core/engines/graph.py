"""What an engine says of its model, and whether the manifest says the same."""

from __future__ import annotations

from runtimes.core.signature import Signature, TensorSpec


class GraphTensor:
    """One input or output of the model itself. A free dimension is a name, or ``""``.

    ``tensor`` is false for what cannot be served; then ``dtype`` says what it is (a sequence, a map).
    """

    __slots__ = ("dtype", "name", "shape", "tensor")

    def __init__(self, name: str, dtype: str, shape: tuple[int | str, ...], tensor: bool = True) -> None:
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.tensor = tensor


def disagreements(
    signature: Signature, inputs: tuple[GraphTensor, ...], outputs: tuple[GraphTensor, ...]
) -> list[str]:
    """Sentences on where the manifest's signature does not fit the model; none when it does."""
    found = _compare("input", signature.inputs, inputs) + _compare("output", signature.outputs, outputs)
    named = {spec.name for spec in signature.inputs}
    found += [
        f"the model also needs the input {tensor.name}" for tensor in inputs if tensor.name not in named
    ]
    for spec in signature.inputs:
        found += [
            message for tensor in inputs if tensor.name == spec.name for message in _shapes(spec, tensor)
        ]
    return found


def _compare(what: str, specs: tuple[TensorSpec, ...], tensors: tuple[GraphTensor, ...]) -> list[str]:
    found = []
    by_name = {tensor.name: tensor for tensor in tensors}
    for spec in specs:
        tensor = by_name.get(spec.name)
        if tensor is None:
            have = ", ".join(by_name)
            found.append(f"the model has no {what} {spec.name} (it has: {have})")
        elif not tensor.tensor:
            found.append(
                f"the {what} {spec.name} is a {tensor.dtype}; only tensors of known types are served"
            )
        elif tensor.dtype != spec.dtype:
            found.append(f"the {what} {spec.name} is {tensor.dtype}, not {spec.dtype}")
    return found


def _shapes(spec: TensorSpec, tensor: GraphTensor) -> list[str]:
    """Inputs only, and not rank 0: graphs often state no shape, and their stated output shapes often lie."""
    if not tensor.shape or not tensor.tensor:
        return []
    fits = len(spec.shape) == len(tensor.shape) and all(
        theirs == ours or not isinstance(theirs, int) for ours, theirs in zip(spec.shape, tensor.shape)
    )
    if fits:
        return []
    return [f"the input {spec.name} has the shape {list(tensor.shape)}, not {list(spec.shape)}"]
