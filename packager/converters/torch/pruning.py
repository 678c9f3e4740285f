"""Passes over a torch module before it is converted: the answers stay those of the module as it was."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from packager.converters.failure import ConversionError
from packager.converters.onnx.engine import open_session, run_session
from packager.converters.passes.step import Applied
from packager.converters.request import Request
from packager.converters.sampled import read_sampled
from packager.converters.source import Source
from packager.converters.tensors import Array
from packager.converters.torch import channels
from packager.converters.torch.cutting import Cut
from packager.converters.torch.freedom import trials
from packager.converters.torch.masks import held, masks_of, put_on
from packager.converters.torch.module import ModuleModel, run_module
from packager.converters.torch.proof import compared
from packager.converters.torch.recovery import recovered

_MANY = 256
_MODULE = "save its weights (torch.save(model.state_dict(), ...)), and name what builds it: --torch-model"


def changed(source: Source, model: Any, request: Request) -> tuple[ModuleModel, tuple[Applied, ...]]:
    """A copy of the model after every pass, and what each did."""
    if not isinstance(model, ModuleModel) or isinstance(model.module, torch.jit.ScriptModule):
        kind = "a script module" if isinstance(model, ModuleModel) else "an exported program"
        raise ConversionError(
            f"{request.source.name} is {kind}, whose layers no pass can change", hint=_MODULE
        )
    whole, done = model, []
    for options in request.passes:
        model, applied = _PASSES[options["kind"]](source, whole.module, model, options, request)
        if options["train"] is not None:
            _refuse_another(whole, model.module, options["train"])
        done.append(applied)
    return model, tuple(done)


def _refuse_another(whole: ModuleModel, module: Any, train: str) -> None:
    """Not the exporters, but the user's function is to blame for another module than the model."""
    said = channels.broken(whole, module, trials(whole.run, whole.example, whole.free))
    if said is not None:
        raise ConversionError(
            f"After {train} the module does not answer as the model does: {said}",
            hint="train the module that the function is given, and leave its layers and their types",
        )


def prove(dest: Path, model: ModuleModel, source: Source, request: Request) -> None:
    """Raises ConversionError where the written file does not answer the user's rows as the module does.

    The answers that go with the file are those of another module, so nothing later would tell.
    """
    outputs = [spec.name for spec in model.signature.outputs]
    answer = _answers(dest, model, request)
    for given in _rows(source, request, model):
        tensors = [torch.from_numpy(given[spec.name]) for spec in model.signature.inputs]
        said = compared(outputs, run_module(model.module, tensors), answer(given))
        if said is not None:
            raise ConversionError(f"The {request.format} file is not the pruned model: {said}")


def _answers(dest: Path, model: ModuleModel, request: Request) -> Callable[[Mapping[str, Array]], list[Any]]:
    outputs = [spec.name for spec in model.signature.outputs]
    if request.format == "tflite":
        from packager.converters.tflite.proof import open_written

        opened = open_written(dest, model.signature)
        return lambda given: [opened.of(given)[name] for name in outputs]
    session = open_session(dest)
    return lambda given: run_session(session, given, outputs)


def _rows(source: Source, request: Request, model: ModuleModel) -> Iterator[dict[str, Array]]:
    """Some of the samples, as many at once as the file takes."""
    sampled = read_sampled(request, source.signature)
    if sampled is None:
        return
    rows = sampled.rows
    if rows.batched:
        order = np.random.default_rng(request.seed).permutation(len(rows))[:_MANY]
        rows = rows.take(np.sort(order))
    size = _MANY if model.signature.inputs[0].batched or not rows.batched else 1
    for at in range(0, len(rows), size) if rows.batched else (0,):
        some = rows.take(slice(at, at + size)) if rows.batched else rows
        yield {name: np.ascontiguousarray(array) for name, array in some.columns.items()}


def _prune_channels(
    source: Source, whole: Any, model: ModuleModel, options: dict[str, Any], request: Request
) -> tuple[ModuleModel, Applied]:
    _need_torch_pruning(request)
    cut = Cut(options["share"], options["round_to"], options["globally"])
    narrowed = channels.narrow(model, cut, options["exclude"], trials(model.run, model.example, model.free))
    before, after = (sum(one.numel() for one in m.parameters()) for m in (model.module, narrowed.module))
    module, how = recovered(source, whole, narrowed.module, options, request)
    said = f"{_layers(narrowed.layers)} with fewer channels: {before:,} to {after:,} parameters{how}"
    return replace(model, module=module), Applied(said, layers=narrowed.layers, left=narrowed.left)


def _prune_weights(
    source: Source, whole: Any, model: ModuleModel, options: dict[str, Any], request: Request
) -> tuple[ModuleModel, Applied]:
    module = copy.deepcopy(model.module)
    masks = masks_of(module, options["mode"], options["sparsity"], options["exclude"])
    with held(module, masks):
        module, how = recovered(source, whole, module, options, request)
    put_on(module, masks)
    if not how:
        raise ConversionError(
            "Neither a function nor rows are there to train the weights that stay",
            hint="give train = MODULE:FUNCTION, or samples; prune_magnitude takes the converted model",
        )
    zero = sum(int((mask == 0).sum()) for mask in masks.values())
    total = sum(mask.numel() for mask in masks.values())
    left = channels.chosen_layers(module, options["exclude"])
    applied = Applied(
        f"{zero:,} of {total:,} weights of {_layers(masks)} are zero{how}",
        layers=tuple(sorted(map(channels.shown, masks))),
        left=tuple(sorted(map(channels.shown, left))),
    )
    return replace(model, module=module), applied


def _layers(found: Sized) -> str:
    return f"{len(found)} layer{'' if len(found) == 1 else 's'}"


def _need_torch_pruning(request: Request) -> None:
    """The front makes the environment that has it."""
    if find_spec("torch_pruning") is None:
        raise ConversionError(
            "The package torch-pruning is not installed",
            hint="pip install torch-pruning",
            environment="torch_pruning_tflite" if request.format == "tflite" else "torch_pruning",
        )


_PASSES = {"prune_channels": _prune_channels, "prune_weights": _prune_weights}
