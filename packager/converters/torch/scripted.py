"""Script modules: the arguments that their schema names, made flat by a script around them."""

import re
from dataclasses import replace
from typing import Any

import torch

from packager.converters.failure import ConversionError, translated
from packager.converters.torch.arguments import Call
from packager.converters.torch.example import Example
from packager.converters.torch.exporters import LEGACY
from packager.converters.torch.flat import Path, leaves, output_names
from packager.converters.torch.module import ModuleModel, accepted, read_module


class _Around(torch.jit.ScriptModule):  # type: ignore[misc]
    """Calls a script module with constants for its plain numbers, and takes its answer apart."""

    def __init__(self, inner: Any, code: str) -> None:
        super().__init__()
        self.inner = inner
        self.define(code)


def read_script(module: Any, example: Example) -> ModuleModel:
    _refuse_state(module)

    def run(tensors: list[Any]) -> Any:
        positional, named = example.call.bound(tensors)
        return module(*positional, **named)

    tensors, answer = accepted(run, example.tensors)
    paths = [path for path, _ in leaves(answer)]
    names = example.call.names
    outputs = output_names(paths, set(names))
    sentence = "The answer of the script module cannot be taken apart into tensors"
    hint = "declare what forward gives, or let it give a tensor or a tuple of tensors"
    with translated(ConversionError, sentence, hint):
        flat = _Around(module, _code(example.call, answer, paths)).eval()
    # The older exporter is the only one that reads scripts.
    return read_module(flat, outputs, replace(example, tensors=tensors), (LEGACY,))


def _refuse_state(module: Any) -> None:
    """A script may set its own attributes while it answers: then each answer depends on the ones before."""
    set_names = sorted(set(re.findall(r"prim::SetAttr\[name=\"(\w+)\"\]", str(module.inlined_graph))))
    if set_names:
        raise ConversionError(
            f"The script module keeps a state between calls ({', '.join(set_names[:5])}): "
            "what it answers depends on what it was asked before",
            hint="save a model that takes its state as an input and gives the new one as an output",
        )


def _code(call: Call, answer: Any, paths: list[Path]) -> str:
    """The names stand in the script's own schema, so they are names in TorchScript."""
    given = [f"{name}={name}" for name in call.names]
    given += [f"{name}={value!r}" for name, value in call.constants.items()]
    parts = ", ".join(f"answer{_place(answer, path)}" for path in paths)
    head = ", ".join(["self", *(f"{name}: Tensor" for name in call.names)])
    return f"def forward({head}):\n    answer = self.inner({', '.join(given)})\n    return ({parts},)\n"


def _place(held: Any, path: Path) -> str:
    """How a script takes the tensor at ``path``: keys of dictionaries, places in all else."""
    place = ""
    for part in path:
        named = isinstance(held, tuple) and isinstance(part, str)
        at = held._fields.index(part) if named else part
        place += f"[{at!r}]"
        held = held[at]
    return place
