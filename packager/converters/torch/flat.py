"""A module as one that takes tensors in their order and gives a tuple of tensors, with names for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch

from packager.converters.failure import ConversionError
from packager.converters.torch.arguments import Call

Path = tuple[str | int, ...]


class Flat(torch.nn.Module):  # type: ignore[misc]
    """Keyword arguments, dictionaries and nested answers end here: exporters see tensors alone."""

    def __init__(self, inner: Any, call: Call) -> None:
        super().__init__()
        self.inner = inner
        self.call = call

    def forward(self, *tensors: Any) -> tuple[Any, ...]:
        positional, named = self.call.bound(tensors)
        return tuple(tensor for _, tensor in leaves(self.inner(*positional, **named)))


def leaves(answer: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The tensors of an answer and where in it they stand; what is None is left out."""
    if isinstance(answer, torch.Tensor):
        yield path, answer
    elif answer is not None:
        for part, held in _parts(answer):
            yield from leaves(held, (*path, part))


def _parts(answer: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(answer, Mapping):
        return answer.items()
    if isinstance(answer, tuple) and hasattr(answer, "_fields"):
        return zip(answer._fields, answer, strict=True)
    if isinstance(answer, tuple | list):
        return enumerate(answer)
    if is_dataclass(answer) and not isinstance(answer, type):
        return [(field.name, getattr(answer, field.name)) for field in fields(answer)]
    raise ConversionError(
        f"The model answers with a {type(answer).__name__}, not with tensors alone",
        hint="return a tensor, or a tuple or dictionary of tensors",
    )


def output_names(paths: list[Path], taken: set[str]) -> list[str]:
    """The keys of the answer, since the user knows those; places in a tuple are numbered."""
    if not paths:
        raise ConversionError("The model answers with no tensor at all", hint="return a tensor from forward")
    if len(paths) == 1 and all(isinstance(part, int) for part in paths[0]):
        return ["output"]
    names = []
    for path in paths:
        name = "_".join(str(part) for part in path)
        names.append(f"output_{name}" if isinstance(path[0], int) else name)
    return [f"{name}_out" if name in taken else name for name in names]
