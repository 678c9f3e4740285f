"""torch files that run something when they are opened or used as torch does it."""

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.converters.hostile_pickles import _Reduced as Reduced
from tests.converters.hostile_pickles import code

Trick = Callable[[Path], bytes]


class Doubled(torch.nn.Module):  # type: ignore[misc]
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows * 2 + rows.shape[0]


class Writing(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows + torch.from_file(self.path, shared=True, size=4)


def program(change: Callable[[str, bytes], bytes] = lambda _, data: data) -> bytes:
    """A real exported program, each entry of which may be changed."""
    batch = torch.export.Dim("batch", min=2, max=64)
    exported = torch.export.export(Doubled(), (torch.ones(3, 4),), dynamic_shapes={"rows": {0: batch}})
    file = io.BytesIO()
    torch.export.save(exported, file)
    return rewritten(file.getvalue(), change)


def rewritten(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    source, dest = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(dest, "w", zipfile.ZIP_STORED) as archive:
        for info in source.infolist():
            archive.writestr(info.filename, change(info.filename, source.read(info)))
    return dest.getvalue()


def edited(edit: Callable[[dict[str, Any]], None]) -> bytes:
    """A program whose JSON was edited."""

    def change(name: str, data: bytes) -> bytes:
        if not name.endswith("models/model.json"):
            return data
        document = json.loads(data)
        edit(document)
        return json.dumps(document).encode()

    return program(change)


def saved(value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def state_dict(canary: Path) -> bytes:
    return saved({"weight": torch.ones(2), "extra": Reduced(exec, code(canary))})


def old_state_dict(canary: Path) -> bytes:
    return saved(
        {"weight": torch.ones(2), "x": Reduced(exec, code(canary))}, _use_new_zipfile_serialization=False
    )


def whole_module(canary: Path) -> bytes:
    module = torch.nn.Linear(2, 2)
    module.hook = Reduced(exec, code(canary))
    return saved(module)


def sample_inputs(canary: Path) -> bytes:
    """torch.export.load opens the sample inputs by a full unpickler when the weights-only one refuses."""
    hostile = saved(((Reduced(exec, code(canary)),), {}))
    return program(lambda name, data: hostile if name.endswith("sample_inputs/model.pt") else data)


def size_expression(canary: Path) -> bytes:
    """Sizes are parsed by sympy, which evaluates Python."""
    return edited(lambda document: _each(document, "expr_str", f"__import__('os').system('touch {canary}')"))


def operator_on_files(canary: Path) -> bytes:
    """An operator of torch itself that maps a file, and makes it if it is not there."""

    def edit(document: dict[str, Any]) -> None:
        node = document["graph_module"]["graph"]["nodes"][-1]
        node["target"] = "torch.ops.aten.from_file.default"
        arguments = {
            "filename": {"as_string": str(canary)},
            "shared": {"as_bool": True},
            "size": {"as_int": 4},
        }
        node["inputs"] = [{"name": name, "arg": arg, "kind": 1} for name, arg in arguments.items()]

    return edited(edit)


def foreign_operator() -> bytes:
    """A name that is looked up from the module torch, which imports os."""
    return edited(
        lambda document: document["graph_module"]["graph"]["nodes"][-1].update(target="torch.os.system")
    )


def guard(canary: Path) -> bytes:
    """Guards are compiled as Python when the program becomes a module."""
    hostile = f"[{code(canary)}] and L['rows'].size()[0] <= 64"
    return edited(lambda document: document.update(guards_code=[hostile]))


def tree_of_inputs(canary: Path) -> bytes:
    """How inputs are nested may name an enum, whose module is imported."""
    (canary.parent / "imported_by_tree.py").write_text(code(canary) + "\nclass Kind:\n    A = 1\n")
    hostile = {"__enum__": True, "fqn": "imported_by_tree:Kind", "name": "A"}

    def edit(document: dict[str, Any]) -> None:
        signature = document["graph_module"]["module_call_graph"][0]["signature"]
        protocol, tree = json.loads(signature["in_spec"])
        tree["children_spec"][1]["type"] = "builtins.dict"
        tree["children_spec"][1]["context"] = json.dumps([hostile])
        tree["children_spec"][1]["children_spec"] = [tree["children_spec"][0]["children_spec"].pop()]
        signature["in_spec"] = json.dumps([protocol, tree])

    return edited(edit)


def node_name(canary: Path) -> bytes:
    """Names of nodes become Python code."""
    hostile = f"rows=[{code(canary)}]"
    return edited(lambda document: _replace(document, "rows", hostile))


def script_module(canary: Path) -> bytes:
    """A script may map a file into memory, and makes it if it is not there."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Writing(str(canary))), file)
    return file.getvalue()


def _each(value: Any, key: str, new: str) -> None:
    if isinstance(value, dict):
        for name, held in value.items():
            if name == key:
                value[name] = new
            else:
                _each(held, key, new)
    elif isinstance(value, list):
        for held in value:
            _each(held, key, new)


def _replace(value: Any, old: str, new: str) -> None:
    """In values and in keys."""
    if isinstance(value, dict):
        for name, held in list(value.items()):
            if held == old:
                value[name] = new
            else:
                _replace(held, old, new)
            if name == old:
                value[new] = value.pop(old)
    elif isinstance(value, list):
        for at, held in enumerate(value):
            if held == old:
                value[at] = new
            else:
                _replace(held, old, new)


WEIGHTS: dict[str, Trick] = {trick.__name__: trick for trick in (state_dict, old_state_dict, whole_module)}
PROGRAMS: dict[str, Trick] = {
    trick.__name__: trick
    for trick in (sample_inputs, size_expression, operator_on_files, guard, tree_of_inputs, node_name)
}
