"""Single weights that become zero and stay it, whatever trains the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from packager.converters.failure import ConversionError
from packager.converters.torch.channels import chosen_layers, shown
from packager.converters.torch.cutting import WEIGHTED

Masks = dict[str, Any]


def masks_of(module: Any, mode: str, sparsity: float, exclude: list[str]) -> Masks:
    """By layer, 0 for each weight that goes: the smallest of all layers together, or half of every four."""
    left = chosen_layers(module, exclude)
    weights = {
        name: layer.weight.detach()
        for name, layer in module.named_modules()
        if isinstance(layer, WEIGHTED) and name not in left
    }
    if not weights:
        raise ConversionError("The model has no layer with weights that could become zero")
    if mode == "2:4":
        return {name: _half_of_four(weight) for name, weight in weights.items()}
    every = torch.cat([weight.abs().flatten() for weight in weights.values()]).sort().values
    bound = every[int(sparsity * (len(every) - 1))]
    return {name: (weight.abs() > bound).to(weight.dtype) for name, weight in weights.items()}


def _half_of_four(weight: Any) -> Any:
    """Of every four that follow one another in a row of the layer; what is left over stays."""
    rows = weight.reshape(len(weight), -1)
    whole = rows.shape[1] // 4 * 4
    fours = rows[:, :whole].abs().reshape(len(rows), -1, 4)
    order = fours.argsort(dim=2, stable=True)
    mask = torch.ones_like(rows)
    mask[:, :whole] = torch.ones_like(fours).scatter(2, order[:, :, :2], 0).reshape(len(rows), whole)
    return mask.reshape(weight.shape)


@contextmanager
def held(module: Any, masks: Masks) -> Iterator[None]:
    """Masked weights are zero, and no gradient reaches them meanwhile."""
    put_on(module, masks)
    hooks = []
    for name, mask in masks.items():
        weight = module.get_submodule(name).weight
        if weight.requires_grad:
            hooks.append(weight.register_hook(lambda gradient, mask=mask: gradient * mask))
    yield
    for hook in hooks:
        hook.remove()


def put_on(module: Any, masks: Masks) -> None:
    layers = dict(module.named_modules())
    with torch.no_grad():
        for name, mask in masks.items():
            weight = getattr(layers.get(name), "weight", None)
            if weight is None or weight.shape != mask.shape:
                raise ConversionError(
                    f"The training gave back a module whose layer {shown(name)} is another one",
                    hint="train the module that the function is given",
                )
            weight.mul_(mask)
