"""Which channels go: torch-pruning says what hangs together, the smallest weights of each group lose."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch

from packager.converters.torch.origins import slow_attention

WEIGHTED = (torch.nn.Linear, torch.nn.modules.conv._ConvNd)
_LEAST_SHARE = 0.1
"""Of channels that are ranked together, what each layer keeps at least."""


@dataclass(frozen=True, slots=True)
class Cut:
    """``share`` of the channels goes, what stays is a multiple of ``round_to``; ``globally``: one ranking."""

    share: float
    round_to: int
    globally: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """What hangs on the outputs of ``layer``: its importance by channel, within one of ``blocks``.

    A grouped convolution has several blocks: each loses the same channels.
    """

    layer: Any
    cut: Any
    importance: Any
    blocks: int


def cut_channels(module: Any, example: list[Any], cut: Cut, kept: set[str]) -> list[tuple[str, ...]]:
    """Changes ``module``; the names of layers that became narrower, those together that hang together."""
    import torch_pruning

    names = {layer: name for name, layer in module.named_modules()}
    ignored = [inner for layer, name in names.items() if name in kept for inner in layer.modules()]
    with warnings.catch_warnings(), slow_attention(), torch.enable_grad():
        warnings.simplefilter("ignore")  # of parameters outside of layers: running it shows whether they fit
        graph = torch_pruning.DependencyGraph()
        graph.build_dependency(module, example_inputs=tuple(tensor.clone() for tensor in example))
        groups = _groups(graph, ignored)
        done = []
        for group, leaving in zip(groups, _leaving(groups, cut), strict=True):
            if len(leaving):
                found = graph.get_pruning_group(group.layer, group.cut, leaving)
                found.prune()
                done.append(_narrower(graph, found, names))
    return done


def _groups(graph: Any, ignored: list[Any]) -> list[_Group]:
    import torch_pruning

    score = torch_pruning.importance.GroupMagnitudeImportance(p=2)
    found = []
    for group in graph.get_all_groups(ignored_layers=ignored, root_module_types=WEIGHTED):
        importance, blocks = score(group), _blocks(graph, group)
        if importance is not None and len(importance) % blocks == 0:
            root = group[0].dep
            shared = importance.detach().reshape(blocks, -1).mean(0)
            found.append(_Group(root.target.module, root.handler, shared, blocks))
    return found


def _blocks(graph: Any, group: Any) -> int:
    """Of grouped convolutions and group norms; a depthwise one loses whole blocks, one for each channel."""
    found = [1]
    for dep, _ in group:
        layer = dep.target.module
        pruner = graph.get_pruner_of_module(layer)
        if isinstance(layer, torch.nn.modules.conv._ConvNd) and layer.groups == layer.out_channels:
            continue
        if pruner is not None and isinstance(layer, torch.nn.Module):
            outward = graph.is_out_channel_pruning_fn(dep.handler)
            count = (pruner.get_out_channel_groups if outward else pruner.get_in_channel_groups)(layer)
            found.append(int(count or 1))
    return max(found)


def _leaving(groups: list[_Group], cut: Cut) -> list[list[int]]:
    """For each group the channels that go, the least important ones."""
    made = []
    for group, wanted in zip(groups, _wanted(groups, cut), strict=True):
        size = len(group.importance)
        step = cut.round_to // math.gcd(cut.round_to, group.blocks)
        keep = max(step, round(wanted / step) * step)
        order = torch.argsort(group.importance, stable=True)
        first = sorted(order[: max(size - keep, 0)].tolist())
        made.append([block * size + at for block in range(group.blocks) for at in first])
    return made


def _wanted(groups: list[_Group], cut: Cut) -> list[float]:
    """How many channels of a block stay."""
    if not cut.globally or not groups:
        return [(1 - cut.share) * len(group.importance) for group in groups]
    every = torch.cat([group.importance for group in groups]).sort().values
    bound = every[min(int(cut.share * len(every)), len(every) - 1)]
    return [
        max(float((group.importance >= bound).sum()), _LEAST_SHARE * len(group.importance))
        for group in groups
    ]


def _narrower(graph: Any, group: Any, names: dict[Any, str]) -> tuple[str, ...]:
    made = [dep.target.module for dep, _ in group if graph.is_out_channel_pruning_fn(dep.handler)]
    return tuple(dict.fromkeys(names[layer] for layer in made if isinstance(layer, WEIGHTED)))
