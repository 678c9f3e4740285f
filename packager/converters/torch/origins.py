"""Which layers decide a width: the last ones before an answer, and those that attention multiplies."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

# Products of two activations: how they are cut into heads is written in the model's code, and not to be seen.
_PRODUCTS = frozenset(
    {
        "matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "baddbmm", "addbmm", "einsum", "tensordot",
        "bilinear", "cosine_similarity", "scaled_dot_product_attention", "multi_head_attention_forward",
    }
)  # fmt: skip
_LAYERS = (
    torch.nn.Linear,
    torch.nn.modules.conv._ConvNd,
    torch.nn.RNNBase,
    torch.nn.RNNCellBase,
    torch.nn.Embedding,
    torch.nn.MultiheadAttention,
)
Layers = frozenset[Any]


class _Origins(TorchFunctionMode):  # type: ignore[misc]
    """Of every tensor the layers whose channels it has; each is kept, since its id stands for it."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, tuple[Any, Layers]] = {}
        self.multiplied: set[Any] = set()

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = function(*args, **(kwargs or {}))
        given = [self.of(tensor) for tensor in tensors_in((args, kwargs))]
        whole = frozenset().union(*given)
        if getattr(function, "__name__", "") in _PRODUCTS and sum(map(bool, given)) > 1:
            self.multiplied |= whole
        self.note(answer, whole)
        return answer

    def of(self, tensor: Any) -> Layers:
        return self.known.get(id(tensor), (None, frozenset()))[1]

    def note(self, answer: Any, layers: Layers) -> None:
        for tensor in tensors_in(answer):
            self.known[id(tensor)] = (tensor, layers)


def tensors_in(held: Any) -> Iterator[Any]:
    if isinstance(held, torch.Tensor):
        yield held
    elif isinstance(held, dict):
        for one in held.values():
            yield from tensors_in(one)
    elif isinstance(held, tuple | list):
        for one in held:
            yield from tensors_in(one)


def fixed_layers(module: Any, example: list[Any]) -> set[Any]:
    """The layers whose outputs cannot become narrower: answers have their width, or attention its heads."""
    origins = _Origins()
    hooks = [
        layer.register_forward_hook(lambda layer, _, answer: origins.note(answer, frozenset({layer})))
        for layer in module.modules()
        if isinstance(layer, _LAYERS)
    ]
    try:
        with slow_attention(), origins:
            answer = module(*(tensor.clone() for tensor in example))
    finally:
        for hook in hooks:
            hook.remove()
    last = {layer for tensor in tensors_in(answer) for layer in origins.of(tensor)}
    attention = {layer for layer in module.modules() if isinstance(layer, torch.nn.MultiheadAttention)}
    return last | origins.multiplied | attention


@contextmanager
def slow_attention() -> Iterator[None]:
    """torch's own fast path through a transformer runs none of its layers one by one."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
