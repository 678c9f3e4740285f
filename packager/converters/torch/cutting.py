"""Which channels go: torch-pruning says what hangs together, the smallest weights of each group lose."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch

from packager.converters.failure import ConversionError, WorkerError, translated
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


@dataclass(frozen=True, slots=True)
class Done:
    """``groups``: the layers that became narrower, those together that hang together; ``lost``: those that
    torch-pruning cannot follow."""

    groups: list[tuple[str, ...]]
    lost: set[str]


def cut_channels(module: Any, example: list[Any], cut: Cut, kept: set[str]) -> Done:
    """Changes ``module``; the layers named ``kept`` keep the channels of their outputs."""
    import torch_pruning

    names = {layer: name for name, layer in module.named_modules()}
    ignored = {inner for layer, name in names.items() if name in kept for inner in layer.modules()}
    with warnings.catch_warnings(), slow_attention(), torch.enable_grad():
        warnings.simplefilter("ignore")  # of parameters outside of layers: running it shows whether they fit
        graph = torch_pruning.DependencyGraph()
        graph.build_dependency(module, example_inputs=tuple(tensor.clone() for tensor in example))
        groups, lost = _groups(graph, ignored)
        done = []
        for group, leaving in zip(groups, _leaving(groups, cut), strict=True):
            if leaving:
                found = graph.get_pruning_group(group.layer, group.cut, leaving)
                found.prune()
                done.append(_narrower(graph, found, names))
    return Done(done, {names[layer] for layer in lost})


def _groups(graph: Any, ignored: set[Any]) -> tuple[list[_Group], list[Any]]:
    """What hangs together from each layer on that may become narrower, and the layers that are lost."""
    found, lost, seen = [], [], set(ignored)
    for layer in [layer for layer in graph.module2node if isinstance(layer, WEIGHTED)]:
        if layer in seen:
            continue
        cut = graph.get_pruner_of_module(layer).prune_out_channels
        try:
            with translated(ConversionError, "It cannot be followed"):
                group = graph.get_pruning_group(layer, cut, list(range(graph.get_out_channels(layer))))
                made = _scored(graph, group, layer, cut)
        except WorkerError:
            lost.append(layer)
            continue
        together = {dep.target.module for dep, _ in group if graph.is_out_channel_pruning_fn(dep.handler)}
        if made is not None and not together & ignored:
            found.append(made)
        seen |= together
    return found, lost


def _scored(graph: Any, group: Any, layer: Any, cut: Any) -> _Group | None:
    import torch_pruning

    for dep, places in group:
        outward = graph.is_out_channel_pruning_fn(dep.handler)
        channels = (graph.get_out_channels if outward else graph.get_in_channels)(dep.target)
        if channels is not None and max(places) >= channels:
            raise ConversionError(f"{dep.target.name} has no channel {max(places)}")
    importance, blocks = torch_pruning.importance.GroupMagnitudeImportance(p=2)(group), _blocks(graph, group)
    if importance is None or len(importance) % blocks:
        return None
    return _Group(layer, cut, importance.detach().reshape(blocks, -1).mean(0), blocks)


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
