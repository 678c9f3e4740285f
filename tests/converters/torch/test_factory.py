"""`--torch-model module:factory`: weights under a wrapper's names, and factories that fail."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.converters.jobs import assert_answers_alike, do


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    np.save(tmp_path / "rows.npy", np.ones((3, 4), dtype=np.float32))
    return {"samples": str(tmp_path / "rows.npy"), "import_paths": [str(tmp_path)]}


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "net.module."])
def test_weights_of_a_wrapped_model_fit_the_model_inside(
    prefix: str, options: dict[str, Any], tmp_path: Path
) -> None:
    weights = nn.Linear(4, 3).state_dict()
    torch.save({prefix + name: tensor for name, tensor in weights.items()}, tmp_path / "model.pt")
    (tmp_path / "inner_factory.py").write_text("from torch import nn\ndef build(): return nn.Linear(4, 3)\n")
    assert_answers_alike(
        do(tmp_path / "job", tmp_path / "model.pt", torch_model="inner_factory:build", **options)
    )


def test_a_model_whose_own_part_is_called_module_keeps_its_names(
    options: dict[str, Any], tmp_path: Path
) -> None:
    code = "from torch import nn\ndef build():\n    whole = nn.Sequential()\n"
    code += "    whole.add_module('module', nn.Linear(4, 3))\n    return whole\n"
    (tmp_path / "module_factory.py").write_text(code)
    weights = {f"module.{name}": tensor for name, tensor in nn.Linear(4, 3).state_dict().items()}
    torch.save(weights, tmp_path / "model.pt")
    assert_answers_alike(
        do(tmp_path / "job", tmp_path / "model.pt", torch_model="module_factory:build", **options)
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def build(): raise ValueError('no weights for you')", "failed: no weights for you"),
        ("def build(width): return width", "missing 1 required positional argument: 'width'"),
        ("import sys\ndef build(): sys.exit(3)", "failed: it ends the process with 3"),
        ("def build(): raise KeyboardInterrupt", "failed: it raises KeyboardInterrupt"),
        ("def build(:", "cannot be imported: invalid syntax"),
        ("raise ValueError('not on this machine')", "cannot be imported: not on this machine"),
    ],
)
def test_a_factory_that_fails_is_named_with_its_reason(
    body: str, words: str, options: dict[str, Any], tmp_path: Path
) -> None:
    torch.save(nn.Linear(4, 3).state_dict(), tmp_path / "model.pt")
    name = f"failing_{len(body)}"
    (tmp_path / f"{name}.py").write_text(body)
    error = do(tmp_path / "job", tmp_path / "model.pt", torch_model=f"{name}:build", **options).error
    assert f"{name}:build" in error["message"]
    assert words in error["message"]
