"""skops files that name what they should not: judged by the allow-list before skops reads them."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from tests.converters.jobs import do

CALLS = {"__loader__": "ConstructorFromReduceNode", "__module__": "os", "__class__": "system", "__id__": 1}


def command(canary: Path) -> dict[str, Any]:
    text = {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "is_json": True,
        "__id__": 2,
    }
    arguments = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "__id__": 3}
    return CALLS | {"content": arguments | {"content": [text | {"content": json.dumps(f"touch {canary}")}]}}


def write(path: Path, node: dict[str, Any]) -> None:
    """A real model with the node for one of its attributes."""
    skops.io.dump(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(entries["schema.json"])
    schema["content"]["content"]["C"] = node
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, json.dumps(schema) if name == "schema.json" else data)


def test_skops_runs_the_command_when_it_is_told_to_trust(tmp_path: Path) -> None:
    path, canary = tmp_path / "model.skops", tmp_path / "it_ran"
    write(path, command(canary))
    try:
        skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    except Exception as error:  # noqa: BLE001 - what it raises afterwards does not matter
        print(error)
    assert canary.exists()


def nodes(canary: Path) -> dict[str, dict[str, Any]]:
    base = {"__module__": "os", "__class__": "system", "__id__": 1, "content": {}}
    method = {"__loader__": "MethodNode", "__module__": "builtins", "__class__": "method", "__id__": 1}
    return {
        "constructor": command(canary),
        "function": base | {"__loader__": "FunctionNode", "content": "system"},
        "old_function": base
        | {"__loader__": "FunctionNode", "content": {"module_path": "os", "function": "system"}},
        "type": base | {"__loader__": "TypeNode"},
        "object": base | {"__loader__": "ObjectNode"},
        "method": method | {"content": {"func": "system", "obj": {}}},
        "operator": {"__loader__": "OperatorFuncNode", "__module__": "operator", "__class__": "methodcaller"},
        "partial": {"__loader__": "PartialNode", "__module__": "functools", "__class__": "partial"},
        "list_of_another_type": base | {"__loader__": "ListNode", "content": []},
        "unknown": base | {"__loader__": "WhateverNode"},
    }


@pytest.mark.parametrize("kind", sorted(nodes(Path("canary"))))
@pytest.mark.parametrize("action", ["inspect", "convert"])
def test_the_worker_refuses_the_node(kind: str, action: str, tmp_path: Path) -> None:
    path, canary = tmp_path / "model.skops", tmp_path / "it_ran"
    write(path, nodes(canary)[kind])
    error = do(tmp_path / "job", path, action=action).error
    assert error["kind"] == "UnsafeModelError"
    assert not canary.exists()


def test_refuses_a_schema_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", "[" * 100_000)
    assert "no JSON" in do(tmp_path / "job", path).error["message"]
