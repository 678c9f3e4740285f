"""Takes channels out of a torch module, and proves that it still runs as it did."""

import copy
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from packager.converters.failure import ConversionError, WorkerError, translated
from packager.converters.torch.cutting import WEIGHTED, Cut, Done, cut_channels
from packager.converters.torch.module import ModuleModel, run_module
from packager.converters.torch.origins import fixed_layers

_HINT = "leave out the layers whose sizes its code names: exclude"
# Of a name, the part that is ours: the user's module lies in a module of this package.
_OURS = "inner."


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A copy of the module; ``layers`` lost channels of their output, ``left`` were to stay or had to."""

    module: Any
    layers: tuple[str, ...]
    left: tuple[str, ...]


def narrow(model: ModuleModel, cut: Cut, exclude: list[str], trials: list[list[Any]]) -> Narrowed:
    """Layers without which the model does not run as before are found one by one, and left as they are."""
    module = model.module
    fixed = names_of(module, fixed_layers(module, model.example))
    excluded = chosen_layers(module, exclude)
    pruned, done = _pruned(model, cut, fixed | excluded)
    stuck = done.lost
    if (said := broken(model, pruned, trials)) is not None:
        stuck |= _stuck(model, cut, fixed | excluded, done.groups, trials)
        pruned, done = _pruned(model, cut, fixed | excluded | stuck)
        said = broken(model, pruned, trials)
    if said is not None:
        raise ConversionError(f"The model does not run with fewer channels: {said}", hint=_HINT)
    if not done.groups:
        raise ConversionError(_nothing(cut, excluded, stuck))
    layers = sorted({shown(name) for group in done.groups for name in group})
    return Narrowed(pruned, tuple(layers), tuple(sorted(map(shown, excluded | stuck))))


def names_of(module: Any, layers: Iterable[Any]) -> set[str]:
    wanted = set(layers)
    return {name for name, layer in module.named_modules() if layer in wanted}


def chosen_layers(module: Any, exclude: Iterable[str]) -> set[str]:
    """The layers of these names, and all below them, as the user knows them."""
    found: set[str] = set()
    layers = [name for name, layer in module.named_modules() if isinstance(layer, WEIGHTED)]
    for name in exclude:
        below = {layer for layer in layers if f"{shown(layer)}.".startswith(f"{name}.")}
        if not below:
            known = [shown(layer) for layer in layers]
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(known[:8])}"
            raise ConversionError(f"The model has no layer {name}, which is to be left out", hint=hint)
        found |= below
    return found


def shown(name: str) -> str:
    """As the user knows it."""
    return name.removeprefix(_OURS)


def _pruned(model: ModuleModel, cut: Cut, kept: set[str]) -> tuple[Any, Done]:
    """A copy with fewer channels."""
    module = copy.deepcopy(model.module)
    frozen = {name for name, parameter in module.named_parameters() if not parameter.requires_grad}
    module.requires_grad_(True)  # torch-pruning follows gradients
    with translated(ConversionError, "torch-pruning cannot follow this model", _HINT):
        done = cut_channels(module, model.example, cut, kept)
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name not in frozen)
        parameter.grad = None
    return module.eval(), done


def broken(model: ModuleModel, pruned: Any, trials: list[list[Any]]) -> str | None:
    """Why the module does not answer as it should, in shape and type."""
    for tensors in trials:
        try:
            with translated(ConversionError, "it fails"):
                answers = run_module(pruned, tensors)
        except WorkerError as error:
            return error.message
        for before, after in zip(model.run(tensors), answers, strict=True):
            if before.shape != after.shape or before.dtype != after.dtype:
                return f"it answers with shape {list(after.shape)} in place of {list(before.shape)}"
    return None


def _stuck(
    model: ModuleModel, cut: Cut, kept: set[str], groups: list[tuple[str, ...]], trials: list[list[Any]]
) -> set[str]:
    """The layers that cannot become narrower even alone."""
    every = {name for group in groups for name in group}
    found: set[str] = set()
    for group in groups:
        alone, _ = _pruned(model, cut, kept | (every - set(group)))
        if broken(model, alone, trials) is not None:
            found |= set(group)
    return found


def _nothing(cut: Cut, excluded: set[str], stuck: set[str]) -> str:
    others = f", {len(excluded)} are excluded" if excluded else ""
    others += f", without {len(stuck)} the model does not run" if stuck else ""
    return (
        f"No layer can lose {cut.share:.0%} of its channels and keep a multiple of {cut.round_to}"
        f"{others}: what decides the width of an answer or the heads of an attention stays"
    )
