"""Modules of Python code, with the user's weights in them."""

from dataclasses import replace
from typing import Any

from packager.converters.torch.example import Example
from packager.converters.torch.exporters import DYNAMO, LEGACY
from packager.converters.torch.flat import Flat, leaves, output_names
from packager.converters.torch.module import ModuleModel, accepted, read_module


def read_eager(module: Any, example: Example) -> ModuleModel:
    flat = Flat(module, example.call).eval()
    names = example.call.names
    tensors, answer = accepted(lambda given: list(leaves(_called(flat, given))), example.tensors)
    outputs = output_names([path for path, _ in answer], set(names))
    return read_module(flat, outputs, replace(example, tensors=tensors), (DYNAMO, LEGACY))


def _called(flat: Flat, given: list[Any]) -> Any:
    positional, named = flat.call.bound(given)
    return flat.inner(*positional, **named)
